//! The cache of one process.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ytempire_core::Timestamp;

use crate::{VALUE_MAX, named};

/// Bytes of keys and values kept at most; the oldest go first.
const KEPT: usize = 16 << 20;

/// What an entry costs beside its key and value, about.
const ENTRY: usize = 128;

/// Values by key, each until a moment.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: HashMap<Arc<str>, Entry>,
    /// Keys in the order in which they were put, with the number of that put.
    order: VecDeque<(u64, Arc<str>)>,
    bytes: usize,
    puts: u64,
}

#[derive(Debug)]
struct Entry {
    put: u64,
    until: Timestamp,
    value: Arc<[u8]>,
}

impl Cache {
    pub(crate) fn get(&mut self, now: Timestamp, key: &str) -> Option<Arc<[u8]>> {
        let entry = self.entries.get(key)?;
        if entry.until > now {
            return Some(Arc::clone(&entry.value));
        }
        self.forget(key);
        None
    }

    pub(crate) fn put(&mut self, key: &str, value: &[u8], until: Timestamp) {
        self.forget(key);
        if value.len() > VALUE_MAX || !named(key) {
            return;
        }
        self.puts += 1;
        let key: Arc<str> = key.into();
        self.bytes += cost(&key, value);
        self.order.push_back((self.puts, Arc::clone(&key)));
        let entry = Entry {
            put: self.puts,
            until,
            value: value.into(),
        };
        self.entries.insert(key, entry);
        // Keys that were put again or forgotten leave marks behind, which cost room as well.
        while self.bytes > KEPT || self.order.len() > 2 * self.entries.len() + 16 {
            let Some((put, key)) = self.order.pop_front() else {
                break;
            };
            match self.entries.get(&key) {
                Some(entry) if entry.put == put && self.bytes > KEPT => self.forget(&key),
                Some(entry) if entry.put == put => self.order.push_back((put, key)),
                _ => {}
            }
        }
    }

    fn forget(&mut self, key: &str) {
        if let Some((key, entry)) = self.entries.remove_entry(key) {
            self.bytes -= cost(&key, &entry.value);
        }
    }
}

fn cost(key: &str, value: &[u8]) -> usize {
    key.len() + value.len() + ENTRY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room_and_the_room_is_limited() {
        let mut cache = Cache::default();
        let (now, until) = (Timestamp::from_micros(0), Timestamp::from_micros(1));
        let value = vec![0; VALUE_MAX];
        for n in 0..40 {
            cache.put(&n.to_string(), &value, until);
            assert!(cache.bytes <= KEPT);
        }
        assert!(cache.get(now, "0").is_none() && cache.get(now, "39").is_some());
        cache.put("39", b"new", until);
        assert_eq!(cache.get(now, "39").as_deref(), Some(&b"new"[..]));
        cache.put("large", &vec![0; VALUE_MAX + 1], until);
        assert!(cache.get(now, "large").is_none());
        for _ in 0..1_000 {
            cache.put("same", b"x", until);
        }
        assert!(cache.order.len() < 200, "marks are cleared away");
    }
}
