//! Where claims of this process begin to look: after what they have just taken.
//!
//! Rows that were claimed leave dead entries in the index that claims walk. While somebody holds a
//! snapshot those can't be cleared away, and each claim would walk over all of them. So a claim
//! begins behind the last one.
//!
//! What becomes available before that place is seen all the same: at once where this process made it
//! so, or where its priority is higher than that of the place; else within [`LOOK_BACK`], when a
//! claim looks from the beginning again. So it does whenever it gets less than it asked for, and
//! therefore nobody is idle while anything waits.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::{ClaimRequest, band};
use uuid::Uuid;
use ytempire_core::{Stage, Timestamp};

/// How long one may be passed over that another process made available.
const LOOK_BACK: Duration = Duration::from_secs(1);

/// A place in the order of jobs.
pub(crate) type Place = (i64, Uuid);

/// The place before all.
const START: Place = (i64::MIN, Uuid::nil());

/// Tells whether a claim passes over what others would take: then it says nothing of them.
fn is_narrow(request: &ClaimRequest) -> bool {
    request.video.is_some() || request.only.is_some() || !request.limits.is_none()
}

/// Where claims begin to look.
#[derive(Debug)]
pub(crate) struct Cursor(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    /// For claims of these stages.
    stages: Vec<Stage>,
    /// When a claim last looked from the beginning.
    looked: Timestamp,
    /// Grows when something becomes available.
    epoch: u64,
}

/// Where one claim begins to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct From {
    pub(crate) place: Place,
    /// Below this rank everything is looked at: it is of a higher priority.
    pub(crate) above: i64,
    epoch: u64,
}

impl Default for From {
    fn default() -> Self {
        Self {
            place: START,
            above: i64::MIN,
            epoch: 0,
        }
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self(Mutex::new(Inner {
            place: START,
            stages: Vec::new(),
            looked: Timestamp::default(),
            epoch: 0,
        }))
    }
}

impl Cursor {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // It is a hint: nothing of it can be half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a claim begins.
    pub(crate) fn from(&self, now: Timestamp, request: &ClaimRequest) -> From {
        let mut inner = self.inner();
        let fresh = now >= inner.looked && now < inner.looked.after(LOOK_BACK);
        if !fresh || inner.stages != request.stages {
            inner.place = START;
            inner.looked = now;
            inner.stages.clone_from(&request.stages);
        }
        let place = if is_narrow(request) {
            START
        } else {
            inner.place
        };
        From {
            place,
            above: if place == START {
                i64::MIN
            } else {
                band(place.0)
            },
            epoch: inner.epoch,
        }
    }

    /// A claim that began there has taken everything up to `place`; `None` if it got less than it
    /// asked for.
    pub(crate) fn moved(&self, from: From, request: &ClaimRequest, place: Option<Place>) {
        let mut inner = self.inner();
        if is_narrow(request) || inner.epoch != from.epoch || inner.stages != request.stages {
            return;
        }
        inner.place = place.unwrap_or(START);
    }

    /// Something of this rank became available.
    pub(crate) fn lower(&self, rank: i64) {
        let mut inner = self.inner();
        inner.epoch += 1;
        inner.place = inner.place.min((rank, Uuid::nil()));
    }
}

#[cfg(test)]
mod tests {
    use store::{Room, urgency};
    use ytempire_core::NodeId;

    use super::*;

    fn ask(stages: &[Stage]) -> ClaimRequest {
        ClaimRequest {
            node: NodeId(Uuid::nil()),
            video: None,
            stages: stages.to_vec(),
            max: 1,
            room: Room::default(),
            limits: store::Limits::default(),
            only: None,
            lease_until: Timestamp::default(),
        }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(1_000_000_000 + millis * 1000)
    }

    #[test]
    fn claims_begin_behind_the_last_one_until_it_is_time_to_look_back() {
        let (cursor, all) = (Cursor::default(), ask(&Stage::ALL));
        let place = (urgency(5, 7, 1), Uuid::max());
        cursor.moved(cursor.from(at(0), &all), &all, Some(place));
        let from = cursor.from(at(999), &all);
        assert_eq!((from.place, from.above), (place, urgency(5, 0, 0)));
        assert_eq!(cursor.from(at(1000), &all).place, START);
        cursor.moved(cursor.from(at(1001), &all), &all, Some(place));
        cursor.moved(cursor.from(at(1002), &all), &all, None);
        assert_eq!(
            cursor.from(at(1003), &all).place,
            START,
            "it came back short"
        );
    }

    #[test]
    fn what_becomes_available_meanwhile_is_not_passed_over() {
        let (cursor, all) = (Cursor::default(), ask(&Stage::ALL));
        let place = (urgency(5, 7, 1), Uuid::max());
        cursor.moved(cursor.from(at(0), &all), &all, Some(place));
        let before = cursor.from(at(1), &all);
        cursor.lower(urgency(5, 3, 0));
        // A claim that began before knows nothing of it.
        cursor.moved(before, &all, Some(place));
        assert_eq!(
            cursor.from(at(2), &all).place,
            (urgency(5, 3, 0), Uuid::nil())
        );
    }

    #[test]
    fn other_questions_begin_at_the_start() {
        let (cursor, all) = (Cursor::default(), ask(&Stage::ALL));
        let place = (urgency(5, 7, 1), Uuid::max());
        cursor.moved(cursor.from(at(0), &all), &all, Some(place));
        let one = ClaimRequest {
            video: Some(ytempire_core::VideoId(Uuid::nil())),
            ..ask(&Stage::ALL)
        };
        assert_eq!(cursor.from(at(1), &one).place, START);
        assert_eq!(cursor.from(at(1), &all).place, place);
        assert_eq!(cursor.from(at(1), &ask(&[Stage::Script])).place, START);
    }
}
