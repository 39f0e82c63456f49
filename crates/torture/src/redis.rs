//! What is done to Redis.

use std::time::{Duration, Instant};

use crate::fault::RedisFault;
use crate::feeder::Office;
use crate::known::{Gap, micros};
use crate::wires::Stall;

/// What Redis is at.
#[derive(Default)]
pub(crate) struct Redis {
    /// Since when it is of no use, until when, and how it stalls; dead where it doesn't.
    away: Option<(i64, Instant, Option<Stall>)>,
}

impl Redis {
    /// Does `what` to it, unless something is being done to it; `cut` are nodes that can't reach it.
    pub(crate) fn apply(&mut self, office: &Office<'_>, what: RedisFault, ms: u64, cut: &[usize]) {
        let Some(server) = &office.world.redis else {
            return;
        };
        if self.away.is_some() {
            return;
        }
        office.world.note(&format!("redis: {what:?} for {ms} ms"));
        let mut counts = office.counts();
        let stall = match what {
            RedisFault::Wipe => {
                server.wipe();
                counts.redis_wipes += 1;
                return;
            }
            RedisFault::Kill => {
                server.kill();
                counts.redis_kills += 1;
                None
            }
            RedisFault::Silent => Some(Stall::Silent),
            RedisFault::Slow => Some(Stall::Slow),
        };
        if stall.is_some() {
            office.world.wires().stall_redis(stall, cut);
            counts.redis_stalls += 1;
        }
        self.away = Some((micros(), Instant::now() + Duration::from_millis(ms), stall));
    }

    /// How it stalls just now.
    pub(crate) fn stall(&self) -> Option<Stall> {
        self.away.and_then(|(_, _, stall)| stall)
    }

    /// Brings it back when its time has come.
    pub(crate) fn tend(&mut self, office: &Office<'_>, now: Instant, cut: &[usize]) {
        if self.away.is_some_and(|(_, until, _)| until <= now) {
            self.heal(office, cut);
        }
    }

    /// Brings it back.
    pub(crate) fn heal(&mut self, office: &Office<'_>, cut: &[usize]) {
        let (Some(server), Some((from, _, stall))) = (&office.world.redis, self.away.take()) else {
            return;
        };
        if stall.is_some() {
            office.world.wires().stall_redis(None, cut);
        } else {
            server.restart();
        }
        office.world.note("redis is back");
        let until = micros();
        office.known().redis_gaps.push(Gap { from, until });
    }
}
