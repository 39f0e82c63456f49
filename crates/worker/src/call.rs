//! One paid call: admitted, reserved, sent, settled.

use std::future::Future;
use std::time::Duration;

use providers::{Backend, Class, Usage};
use signal::{Permit, PermitAnswer, Rate, Take};
use store::CacheEntry;
use ytempire_core::Code;

use crate::attempt::Attempt;
use crate::breaker::AllRest;
use crate::error::StageError;
use crate::meter::CallHold;
use crate::{carry, prices};

/// How long a permit is held unless it is renewed: a node that dies gives it back so late.
const PERMIT_LEASE: Duration = Duration::from_mins(1);

/// How long a job keeps its slot while it waits for a permit; then it gives the slot to others.
const ADMISSION_MAX: Duration = Duration::from_secs(5);

/// How often it asks meanwhile.
const ADMISSION_TICK: Duration = Duration::from_millis(250);

/// Why a call gave nothing.
pub(crate) enum CallError {
    /// The provider failed: another backend may do.
    Provider(providers::Error),
    /// Nothing may be bought there: it is switched off, or its day's budget is used up. Another
    /// backend may do.
    Closed(StageError),
    /// Anything else: none will.
    Stage(StageError),
}

impl From<providers::Error> for CallError {
    fn from(e: providers::Error) -> Self {
        Self::Provider(e)
    }
}

impl From<StageError> for CallError {
    fn from(e: StageError) -> Self {
        Self::Stage(e)
    }
}

impl CallError {
    /// What it means for the job, where no other backend is left.
    pub(crate) fn into_stage(self) -> StageError {
        match self {
            Self::Stage(e) | Self::Closed(e) => e,
            Self::Provider(e) => match e.class {
                Class::Cancelled => StageError::interrupted(),
                Class::Quota | Class::Input => StageError::discard(e.code, e),
                Class::Transient | Class::RateLimited | Class::Down | Class::Garbled => {
                    StageError::retry(e.code, e.retry_after.unwrap_or_default(), e)
                }
            },
        }
    }
}

/// The backend `name` was taken out of the configuration.
pub(crate) fn gone(name: &str) -> StageError {
    let text = format!("the backend {name:?} is no longer configured");
    StageError::discard(Code::ConfigInvalid, anyhow::anyhow!(text))
}

/// Which backend is asked: the first that is well, each of them once in an attempt.
pub(crate) struct Choice<'a> {
    all: Vec<&'a Backend>,
    left: Vec<&'a Backend>,
    failed: Option<CallError>,
    /// The attempt has asked before, so that its job's repetition is counted once.
    asked: bool,
}

impl<'a> Choice<'a> {
    /// Among `chain`, the wanted one first.
    pub(crate) fn of(chain: Vec<&'a Backend>) -> Self {
        Self {
            left: chain.clone(),
            all: chain,
            failed: None,
            asked: false,
        }
    }

    /// All, also those that failed.
    pub(crate) fn all(&self) -> &[&'a Backend] {
        &self.all
    }

    /// The one to ask now.
    ///
    /// # Errors
    /// Where all have failed: why the last one did. Where those that are left rest: a snooze.
    pub(crate) fn next(
        &mut self,
        attempt: &Attempt,
        wanted: &str,
    ) -> Result<&'a Backend, StageError> {
        let parts = &attempt.parts;
        let again = attempt.job.lease.attempt > 1 && !self.asked;
        match parts.backends.ready(parts.now(), &self.left, again) {
            Ok(backend) => {
                self.asked = true;
                Ok(backend)
            }
            Err(rest) => Err(match (self.failed.take(), rest) {
                (Some(failed), _) => failed.into_stage(),
                (None, Some(rest)) => resting(wanted, rest, parts.patience),
                (None, None) => gone(wanted),
            }),
        }
    }

    /// Notes that `backend` can't help with this, so that the next one is asked.
    pub(crate) fn pass(&mut self, backend: &Backend) {
        self.left.retain(|other| other.name != backend.name);
    }

    /// Notes that `backend` failed, so that the next one is asked.
    ///
    /// # Errors
    /// `why`, where another backend would fail in the same way.
    pub(crate) fn failed(&mut self, backend: &Backend, why: CallError) -> Result<(), StageError> {
        match why {
            CallError::Provider(e) if !matches!(e.class, Class::Cancelled | Class::Input) => {
                tracing::warn!(backend = backend.name, error = %e, "backend failed");
                self.left.retain(|other| other.name != backend.name);
                self.failed = Some(CallError::Provider(e));
                Ok(())
            }
            CallError::Closed(e) => {
                tracing::info!(backend = backend.name, why = e.text(), "passed over");
                self.left.retain(|other| other.name != backend.name);
                self.failed = Some(CallError::Closed(e));
                Ok(())
            }
            other => Err(other.into_stage()),
        }
    }
}

/// Whether only this backend is concerned. Where a video's own money is short, another one may be
/// cheaper.
fn closes(error: &store::Error) -> bool {
    match error {
        store::Error::BackendOff(_) => true,
        store::Error::BudgetExceeded(refused) => {
            refused.scope.starts_with("day:provider:") || refused.resets_in().is_none()
        }
        _ => false,
    }
}

fn resting(wanted: &str, rest: AllRest, patience: Duration) -> StageError {
    let text = anyhow::anyhow!(
        "backend {wanted:?} has failed for {} s and rests, and so does what could take its place",
        rest.failing.as_secs()
    );
    if rest.failing < patience {
        StageError::snooze(Code::ProviderDown, rest.wait, text)
    } else {
        StageError::retry(Code::ProviderDown, rest.wait, text)
    }
}

/// A call that is reserved and about to leave.
pub(crate) struct Call<'a> {
    attempt: &'a Attempt,
    backend: &'a Backend,
    hold: CallHold,
    permit: Option<Permit>,
}

impl<'a> Call<'a> {
    /// Waits until the backend's limits admit it, reserves `quote`, and notes that it leaves.
    ///
    /// # Errors
    /// [`Code::ProviderBusy`] where it isn't admitted for [`ADMISSION_MAX`]; [`CallError::Closed`]
    /// where another backend may do; what the store says.
    pub(crate) async fn begin(
        attempt: &'a Attempt,
        backend: &'a Backend,
        quote: Usage,
    ) -> Result<Self, CallError> {
        let parts = &attempt.parts;
        // Asked each time: a price that was imported a moment ago holds for this call.
        let book = prices::imported(&*parts.store, Some(&backend.name)).await;
        let book = book.map_err(StageError::from)?;
        let (hold, holds) = CallHold::ask(parts, &book, backend, quote)?;
        let permit = admitted(attempt, backend, &hold).await?;
        let call = Self {
            attempt,
            backend,
            hold,
            permit,
        };
        let (lease, ids) = (attempt.job.lease, call.hold.ids());
        let reserved = async {
            parts.store.transfer_hold(parts.now(), lease, holds).await?;
            let sent = parts.store.transfer_mark_sent(parts.now(), lease, &ids);
            sent.await
        };
        match reserved.await {
            Ok(()) => Ok(call),
            Err(e) if closes(&e) => {
                call.give_back().await;
                call.release().await;
                Err(CallError::Closed(e.into()))
            }
            Err(e) => {
                call.release().await;
                Err(StageError::from(e).into())
            }
        }
    }

    /// The name under which a provider bills it once, however often it is repeated on the wire.
    pub(crate) fn charge(&self) -> String {
        let first = self.hold.ids().first().map(ToString::to_string);
        first.unwrap_or_default()
    }

    /// What `sent` gives, while the permit is kept.
    pub(crate) async fn during<T>(&mut self, sent: impl Future<Output = T>) -> T {
        let parts = &self.attempt.parts;
        let mut sent = Box::pin(sent);
        let mut renew = tokio::time::interval(PERMIT_LEASE / 3);
        loop {
            tokio::select! {
                answer = &mut sent => return answer,
                _ = renew.tick() => if let Some(permit) = &self.permit {
                    let renewed = parts.signal.permit_renew(parts.now(), permit, PERMIT_LEASE).await;
                    // One that was lost counts no more; the call is on its way all the same.
                    self.permit = renewed.or_else(|| self.permit.take());
                },
            }
        }
    }

    /// Settles it by what was heard: what it used, or how it failed. `bought` is kept in the same
    /// transaction, so that it is never bought again.
    pub(crate) async fn end(
        self,
        heard: Result<Usage, &providers::Error>,
        bought: Vec<CacheEntry>,
    ) -> Result<(), StageError> {
        let parts = &self.attempt.parts;
        parts.crash.pass("call.after_response");
        parts.backends.heard(parts.now(), self.backend, heard.err());
        let postings = match heard {
            Ok(usage) => self.hold.posted(usage),
            Err(error) => self.hold.failed(error.billed),
        };
        // Others may ask for what is in the books. Money that was spent is booked in any case.
        for file in bought.iter().flat_map(|entry| &entry.artifacts) {
            if let Err(e) = carry::bring(parts, &file.id).await {
                tracing::warn!(error = e.text(), "bought, and kept on this machine alone");
            }
        }
        let lease = self.attempt.job.lease;
        let settled = parts
            .store
            .transfer_settle(parts.now(), lease, postings, bought)
            .await;
        self.release().await;
        Ok(settled?)
    }

    /// Gives back what is reserved for a request that may not leave after all.
    async fn give_back(&self) {
        let postings = self.hold.failed(providers::Billed::No);
        let (store, lease) = (&self.attempt.parts.store, self.attempt.job.lease);
        let now = self.attempt.parts.now();
        // Where nothing was reserved there is nothing to give back, and what is left over is given
        // back when the attempt ends.
        drop(store.transfer_settle(now, lease, postings, vec![]).await);
    }

    async fn release(self) {
        if let Some(permit) = &self.permit {
            self.attempt.parts.signal.permit_release(permit).await;
        }
    }
}

/// Waits for what the backend's own limits ask for: a permit and a token.
async fn admitted(
    attempt: &Attempt,
    backend: &Backend,
    hold: &CallHold,
) -> Result<Option<Permit>, StageError> {
    let (parts, name) = (&attempt.parts, format!("backend/{}", backend.name));
    let holder = hold.ids().first().map_or(0, |id| id.0.as_u128());
    let mut permit = None;
    let mut token = backend.calls_per_minute.is_none();
    let mut tick = tokio::time::interval(ADMISSION_TICK);
    for _ in 0..=ADMISSION_MAX.as_millis() / ADMISSION_TICK.as_millis() {
        tick.tick().await;
        attempt.go_on()?;
        let now = parts.now();
        if let (Some(limit), None) = (backend.concurrent_max, &permit) {
            let asked = parts.signal.permit(now, &name, limit, holder, PERMIT_LEASE);
            match asked.await {
                PermitAnswer::Granted(granted) => permit = Some(granted),
                PermitAnswer::RetryAfter(_) => continue,
            }
        }
        if let (Some(calls), false) = (backend.calls_per_minute, token) {
            let rate = Rate {
                tokens: calls,
                per: Duration::from_mins(1),
                // A tenth of a minute's at once, and at least one.
                burst: calls.div_ceil(10),
            };
            token = parts.signal.take(now, &name, rate, 1).await == Take::Granted;
        }
        if token {
            return Ok(permit);
        }
    }
    if let Some(permit) = &permit {
        parts.signal.permit_release(permit).await;
    }
    let text = format!(
        "backend {:?}: as many calls run, or were made lately, as its configuration allows",
        backend.name
    );
    Err(StageError::snooze(
        Code::ProviderBusy,
        ADMISSION_MAX,
        anyhow::anyhow!(text),
    ))
}
