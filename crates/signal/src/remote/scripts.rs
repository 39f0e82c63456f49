//! What the server does in one step. Time is a parameter: the server's own clock is never asked.

use redis::Script;

/// A bucket as in [`Flow::after`](crate::limit::Flow::after). Answers 0 for a grant, else the
/// microseconds to wait. What isn't a number is an empty bucket.
const TAKE: &str = r"
local now, cost, room = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = tonumber(redis.call('GET', KEYS[1]) or now) or now + room
if full < now then full = now end
if full > now + room then full = now + room end
local wait = full + cost - now - room
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', full + cost), 'PX', ARGV[4])
return 0
";

/// A permit: members are holders, scores the moments at which they end. Answers 0 for a grant,
/// else the microseconds until the first one ends.
const PERMIT: &str = r"
local now, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. ARGV[6], '+inf')
if not redis.call('ZSCORE', KEYS[1], ARGV[3]) and redis.call('ZCARD', KEYS[1]) >= limit then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return math.max(1, tonumber(first[2]) - now)
end
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 0
";

/// Counts a holder, whether or not it was counted and whatever the limit: it does hold one.
const RENEW: &str = r"
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 0
";

/// Adds wake tokens: at most so many stay, and no longer than it takes every node to have looked
/// by itself.
const WAKE: &str = r"
for _ = 1, tonumber(ARGV[1]) do redis.call('RPUSH', KEYS[1], '1') end
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[2]), -1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 0
";

/// All of them, hashed once.
pub(crate) struct Scripts {
    pub(crate) take: Script,
    pub(crate) permit: Script,
    pub(crate) renew: Script,
    pub(crate) wake: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            take: Script::new(TAKE),
            permit: Script::new(PERMIT),
            renew: Script::new(RENEW),
            wake: Script::new(WAKE),
        }
    }
}
