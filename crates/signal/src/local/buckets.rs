//! Token buckets of one process.

use std::collections::HashMap;

use ytempire_core::Timestamp;

use crate::Take;
use crate::limit::Flow;

/// Buckets kept before full ones are forgotten: a full bucket is as good as none.
const KEPT: usize = 1_024;

/// Moments at which buckets will be full: the whole limit's, and that of this node's share.
#[derive(Debug, Default)]
pub(crate) struct Buckets(HashMap<String, [i64; 2]>);

impl Buckets {
    /// Takes under the whole limit, and under `share` too where one is named.
    pub(crate) fn take(
        &mut self,
        now: Timestamp,
        name: &str,
        whole: Flow,
        share: Option<Flow>,
    ) -> Take {
        let [mut whole_at, mut share_at] = self.state(now, name);
        let shared = share.map_or(Ok(share_at), |share| share.after(now, share_at));
        match (whole.after(now, whole_at), shared) {
            (Ok(whole_next), Ok(share_next)) => {
                (whole_at, share_at) = (whole_next, share_next);
                self.0.insert(name.to_owned(), [whole_at, share_at]);
                Take::Granted
            }
            (whole, share) => {
                let wait = whole.err().max(share.err());
                Take::RetryAfter(wait.unwrap_or_default())
            }
        }
    }

    /// How long the whole limit alone makes wait; nothing is taken.
    pub(crate) fn wait(&self, now: Timestamp, name: &str, whole: Flow) -> Option<Take> {
        let [whole_at, _] = self.0.get(name).copied().unwrap_or_default();
        whole.after(now, whole_at).err().map(Take::RetryAfter)
    }

    /// Notes on the share what was granted by others.
    pub(crate) fn charge(&mut self, now: Timestamp, name: &str, share: Flow) {
        let [whole_at, share_at] = self.state(now, name);
        let state = [whole_at, share.charged(now, share_at)];
        self.0.insert(name.to_owned(), state);
    }

    fn state(&mut self, now: Timestamp, name: &str) -> [i64; 2] {
        if self.0.len() >= KEPT {
            let now = now.as_micros();
            self.0.retain(|_, state| state.iter().any(|&at| at > now));
        }
        self.0.get(name).copied().unwrap_or_default()
    }
}
