//! What Redis does in one step. The clock is Redis's own, so that the nodes' clocks need not agree.

use std::sync::LazyLock;

use redis::Script;

/// The generation of a region, made if there is none. Key: the generation. Arguments: what it has to be higher than, and
/// how long it is kept, in milliseconds.
pub(crate) static LEARN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local generation = redis.call('GET', KEYS[1])
         if generation then return generation end
         local now = redis.call('TIME')
         now = tonumber(now[1]) * 1000000 + tonumber(now[2])
         generation = string.format('%.0f', math.max(now, tonumber(ARGV[1]) + 1))
         redis.call('SET', KEYS[1], generation, 'PX', ARGV[2])
         return generation",
    )
});

/// Moves a region on and tells everyone; answers the generations before and after. Key: the generation. Arguments: as
/// above, then the channel and the name of the region.
pub(crate) static FORGET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local before = redis.call('GET', KEYS[1])
         local now = redis.call('TIME')
         now = tonumber(now[1]) * 1000000 + tonumber(now[2])
         local least = math.max(tonumber(ARGV[1]), tonumber(before or '0')) + 1
         local generation = string.format('%.0f', math.max(now, least))
         -- A Redis that is full takes no value, but lets go of one: a generation that is lost counts as a forget.
         local set = redis.pcall('SET', KEYS[1], generation, 'PX', ARGV[2])
         if set.err then redis.call('DEL', KEYS[1]) end
         redis.call('PUBLISH', ARGV[3], ARGV[4] .. ' ' .. generation)
         return {before, generation}",
    )
});

/// Stores a value unless its region was forgotten; answers the generation. Keys: the generation, the value. Arguments:
/// the generation the value was begun under, the value, and when it ends in milliseconds of Redis's clock. An end and not
/// a duration, because a Redis that was stopped may come to this long after it was sent.
pub(crate) static STORE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local generation = redis.call('GET', KEYS[1])
         if generation ~= ARGV[1] then return generation end
         local now = redis.call('TIME')
         local left = tonumber(ARGV[3]) - (tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000))
         if left > 0 then redis.call('SET', KEYS[2], ARGV[2], 'PX', string.format('%.0f', left)) end
         return generation",
    )
});

/// Counts an act unless there were too many; answers zero, or how many microseconds to wait. Key: the list of the times of
/// the acts, oldest first. Arguments: the limit and the window in microseconds.
pub(crate) static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local now = redis.call('TIME')
         now = tonumber(now[1]) * 1000000 + tonumber(now[2])
         local window = tonumber(ARGV[2])
         local first = tonumber(redis.call('LINDEX', KEYS[1], 0))
         -- A time that is yet to come was written before the clock was set back.
         while first and (first + window <= now or first > now) do
             redis.call('LPOP', KEYS[1])
             first = tonumber(redis.call('LINDEX', KEYS[1], 0))
         end
         local over = redis.call('LLEN', KEYS[1]) - tonumber(ARGV[1])
         if over >= 0 then
             return math.max(1, tonumber(redis.call('LINDEX', KEYS[1], over)) + window - now)
         end
         redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
         redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(window / 1000)))
         return 0",
    )
});
