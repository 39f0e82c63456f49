//! The negotiation with a model, call by call.

use studio::script::Script;

use super::convert::{Limits, script};
use super::extract::object;
use super::prompt::{Assignment, schema};
use crate::backend::{Backend, Structured};
use crate::chat::{Answer, Message, Request, Role, refuses_structure};
use crate::error::{Billed, Class, Error};

/// Calls a draft may take: two for weaker ways of asking for JSON (refused ones cost nothing),
/// one for the script, one for its repair.
pub const CALLS_MAX: u32 = 4;

/// Bytes of a spoiled answer that are shown to the model again: what is longer is of no use.
pub(crate) const REPAIR_BYTES_MAX: usize = 60_000;
/// Problems told to the model at once.
const REPAIR_PROBLEMS_MAX: usize = 20;

/// A script in the making.
///
/// ```text
/// loop {
///     reserve(chat.quote(draft.request()));
///     let outcome = chat.complete(draft.request(), charge, cancel).await;
///     settle(&outcome);                       // the answer's usage, or the error's `billed`
///     match draft.take(outcome)? { Step::Done(script) => …, Step::Again => continue }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Draft {
    provider: String,
    assignment: Assignment,
    request: Request,
    calls: u32,
    repaired: bool,
}

/// What follows a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The script stands.
    Done(Script),
    /// Ask again with the changed [`Draft::request`]; a new call, to be reserved anew.
    Again,
}

impl Draft {
    /// A draft of `assignment`, to be asked of `backend`.
    pub fn new(backend: &Backend, assignment: Assignment) -> Self {
        let mut draft = Self {
            provider: backend.name.clone(),
            request: Request {
                messages: Vec::new(),
                schema_name: "script".to_owned(),
                schema: schema(),
                structured: backend.structured,
                output_tokens_max: Assignment::output_tokens_of(assignment.words.into(), backend),
            },
            assignment,
            calls: 0,
            repaired: false,
        };
        draft.ask(backend.structured);
        draft
    }

    /// What to ask next.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// Calls taken so far.
    pub const fn calls(&self) -> u32 {
        self.calls
    }

    /// Takes the outcome of the call and says what follows.
    ///
    /// # Errors
    /// The call's own error, where asking in another way can't help; [`Class::Garbled`] if the
    /// script is spoiled after its repair; [`Class::Input`] if the model refuses the topic. The
    /// `billed` of the latter two says nothing: those calls were answered, settle their usage.
    pub fn take(&mut self, outcome: Result<Answer, Error>) -> Result<Step, Error> {
        self.calls += 1;
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => return self.fall_back(error),
        };
        if let Some(said) = answer.refusal {
            let why = format!("the model refuses to write about this: {said}");
            return Err(Error::new(
                Class::Input,
                &self.provider,
                Billed::Unknown,
                &why,
            ));
        }
        let problems = match Self::read(&answer, &self.assignment) {
            Ok(script) => return Ok(Step::Done(script)),
            Err(problems) => problems,
        };
        if self.repaired || self.calls >= CALLS_MAX {
            let why = format!("the script can't be used: {}", problems.join("; "));
            return Err(Error::garbled(&self.provider, &why));
        }
        self.repair(&answer.content, &problems);
        Ok(Step::Again)
    }

    fn read(answer: &Answer, assignment: &Assignment) -> Result<Script, Vec<String>> {
        let limits = Limits::of(assignment);
        match object(&answer.content) {
            Some(value) => {
                let mut script = script(&value, &limits)?;
                // The user's own title stands, whatever the model made of it.
                script.title = assignment.title.clone().unwrap_or(script.title);
                Ok(script)
            }
            None if answer.cut => Err(vec![
                "the answer was cut at the length limit; write less".to_owned(),
            ]),
            None => Err(vec!["the answer holds no complete JSON object".to_owned()]),
        }
    }

    fn fall_back(&mut self, error: Error) -> Result<Step, Error> {
        // A server error may have been billed: then the worker decides, as with any other.
        let free = error.billed == Billed::No && refuses_structure(&error);
        match self.request.structured.weaker() {
            Some(weaker) if free && self.calls < CALLS_MAX => {
                self.ask(weaker);
                Ok(Step::Again)
            }
            _ => Err(error),
        }
    }

    fn ask(&mut self, structured: Structured) {
        self.request.structured = structured;
        self.request.messages = self
            .assignment
            .messages(structured != Structured::JsonSchema);
    }

    fn repair(&mut self, spoiled: &str, problems: &[String]) {
        self.repaired = true;
        let mut end = spoiled.len().min(REPAIR_BYTES_MAX);
        while !spoiled.is_char_boundary(end) {
            end -= 1;
        }
        let told = &problems[..problems.len().min(REPAIR_PROBLEMS_MAX)];
        let wish = format!(
            "That can't be used:\n- {}\nAnswer with the whole corrected JSON object and nothing \
             else.",
            told.join("\n- ")
        );
        self.request.messages = self
            .assignment
            .messages(self.request.structured != Structured::JsonSchema);
        let spoiled = Message {
            role: Role::Assistant,
            content: spoiled[..end].to_owned(),
        };
        self.request.messages.extend([
            spoiled,
            Message {
                role: Role::User,
                content: wish,
            },
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BaseUrl, Kind, Usage};

    fn draft() -> Draft {
        let base_url = BaseUrl::parse("http://127.0.0.1:1/v1").unwrap();
        let backend = Backend::new("b", Kind::OpenaiChat, base_url, "m");
        let assignment = Assignment {
            topic: "Rivers".to_owned(),
            title: None,
            language: "en".to_owned(),
            words: 100,
        };
        Draft::new(&backend, assignment)
    }

    fn said(content: &str) -> Answer {
        let usage = Usage::default();
        Answer {
            content: content.to_owned(),
            usage,
            cut: false,
            refusal: None,
        }
    }

    #[test]
    fn a_refusal_ends_the_draft_at_once() {
        let refused = Answer {
            refusal: Some("no".to_owned()),
            ..said("")
        };
        assert_eq!(draft().take(Ok(refused)).unwrap_err().class, Class::Input);
    }

    #[test]
    fn no_server_makes_a_draft_take_more_calls_than_stated() {
        let refusal = || {
            let why = "response_format is not supported";
            Err(Error::new(Class::Input, "b", Billed::No, why))
        };
        let spoiled = || Ok(said("nothing"));
        // Every order of two outcomes, as long as the draft goes on.
        for order in 0..1_u32 << (CALLS_MAX + 1) {
            let mut draft = draft();
            let mut step = Ok(Step::Again);
            while step == Ok(Step::Again) {
                assert!(draft.calls() < CALLS_MAX, "order {order:b}");
                let refused = order & (1 << draft.calls()) != 0;
                step = draft.take(if refused { refusal() } else { spoiled() });
            }
            assert!(step.is_err());
        }
    }

    #[test]
    fn an_error_that_may_be_billed_is_not_answered_by_another_way_of_asking() {
        let why = "response_format type must be text";
        let error = Error::new(Class::Transient, "b", Billed::Unknown, why);
        assert_eq!(draft().take(Err(error.clone())), Err(error));
    }

    #[test]
    fn a_huge_spoiled_answer_is_repeated_only_in_part() {
        let mut draft = draft();
        assert_eq!(
            draft.take(Ok(said(&"ä".repeat(1_000_000)))),
            Ok(Step::Again)
        );
        let repeated = &draft.request().messages[2].content;
        assert!(repeated.len() <= REPAIR_BYTES_MAX && !repeated.is_empty());
    }
}
