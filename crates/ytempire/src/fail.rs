//! How a command ends that didn't succeed: one message, one code, one exit code.

use std::process::ExitCode;

use ytempire_core::Code;

/// Why a command ended.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    text: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            hint: None,
        }
    }

    pub(crate) fn bug(text: impl Into<String>) -> Self {
        Self::new(Code::Bug, text)
    }

    /// What kind of end this is.
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// What happened, in words.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints the message and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if self.code == Code::Interrupted {
            anstream::eprintln!("{}", self.text);
        } else {
            anstream::eprintln!("error[{}]: {}", self.code, self.text);
        }
        if let Some(hint) = &self.hint {
            anstream::eprintln!("  {hint}");
        }
        ExitCode::from(self.code.exit())
    }
}

impl From<store::Error> for Failure {
    fn from(e: store::Error) -> Self {
        let code = match &e {
            store::Error::DiskFull => Code::DiskFull,
            store::Error::ReadOnly(_) => Code::FolderUnwritable,
            store::Error::BudgetExceeded(refused) if refused.day.is_some() => Code::DayExhausted,
            store::Error::BudgetExceeded(_) => Code::BudgetExceeded,
            store::Error::PriceTaken(_) => Code::PriceInvalid,
            store::Error::BackendOff(_) => Code::BackendOff,
            store::Error::LineFull { .. } => Code::LineFull,
            store::Error::ChannelGone(_) => Code::ChannelUnknown,
            store::Error::Halted => Code::LineHalted,
            store::Error::Away(_) => Code::DatabaseAway,
            _ => Code::StoreFailed,
        };
        Self::new(code, e.to_string())
    }
}

impl From<worker::ExportError> for Failure {
    fn from(e: worker::ExportError) -> Self {
        match e {
            worker::ExportError::Store(e) => e.into(),
            worker::ExportError::Artifact(_) => Self::new(Code::ArtifactDamaged, e.to_string()),
            worker::ExportError::Folder { ref source, .. } => {
                let full = source.kind() == std::io::ErrorKind::StorageFull;
                let code = if full {
                    Code::DiskFull
                } else {
                    Code::FolderUnwritable
                };
                Self::new(code, e.to_string())
            }
        }
    }
}

impl From<worker::RefusedOrder> for Failure {
    fn from(e: worker::RefusedOrder) -> Self {
        Self::new(e.code, e.to_string())
    }
}

impl From<ytempire_core::brief::BriefError> for Failure {
    fn from(e: ytempire_core::brief::BriefError) -> Self {
        Self::new(e.code, e.to_string())
    }
}
