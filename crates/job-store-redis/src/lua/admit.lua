-- Records jobs, each with its own answer. What is checked stands before what is written.
-- KEYS: api keys, jobs, params, counts, idempotency, expiry; then five of each job's.
-- ARGV: time; then what each job has, as `read` takes it.
-- Answers how many wait in this shard, then for each job a letter and what belongs to it.

local api_keys, jobs, params, counts = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local idempotency, expiry = KEYS[5], KEYS[6]
local now = store_time(ARGV[1])
local EXPIRED_AT_ONCE = 4
local next_argument, next_key = 2, 7

local function argument()
    next_argument = next_argument + 1
    return ARGV[next_argument - 1]
end

local function key()
    next_key = next_key + 1
    return KEYS[next_key - 1]
end

local function read()
    return {
        digest = argument(), user = argument(), id = argument(),
        head = argument(), record = argument(), params = argument(), index_entry = argument(),
        due_at = tonumber(argument()), event = argument(),
        idempotency_key = argument(), fingerprint = argument(), kept_for = argument(),
        most_queued = tonumber(argument()), most_active = argument(),
        index = key(), events = key(),
        lane = { due = key(), turns = key(), ages = key() },
    }
end

local function is_authorized(wanted)
    local api_key = redis.call('HGET', api_keys, wanted.digest)
    return api_key and api_key:sub(1, 1) == 'A' and api_key:sub(48) == wanted.user
end

-- The answer for a job that is there already. One that this very call recorded is no replay:
-- its reply was lost, and the client sent it again.
local function known(wanted, value)
    local operation = wanted.head:sub(FROM_OPERATION, TO_OPERATION)
    if value:sub(FROM_OPERATION, TO_OPERATION) == operation then return { 'O', value } end
    return { 'R', value }
end

local function known_by_key(wanted)
    if wanted.idempotency_key == '' then return nil end
    local kept = redis.call('HGET', idempotency, wanted.user .. '\0' .. wanted.idempotency_key)
    if not kept or tonumber(kept:sub(33, 47)) <= now then return nil end
    local id = kept:sub(48, 79)
    if kept:sub(1, 32) ~= wanted.fingerprint then return { 'M', id } end
    return known(wanted, redis.call('HGET', jobs, id) or kept:sub(80))
end

local function beyond_limits(wanted)
    if wanted.most_active ~= '' then
        local active = tonumber(redis.call('HGET', counts, 'active:' .. wanted.user) or 0)
        if active >= tonumber(wanted.most_active) then return { 'A' } end
    end
    if queued(counts) >= wanted.most_queued then return { 'B' } end
end

local function keep_key(wanted)
    local expires_at = fifteen_digits(now + tonumber(wanted.kept_for))
    local field = wanted.user .. '\0' .. wanted.idempotency_key
    redis.call('HSET', idempotency, field, wanted.fingerprint .. expires_at .. wanted.id)
    redis.call('RPUSH', expiry, expires_at .. field)
end

-- A few at a time, in passing: their being there a little longer harms nobody.
local function forget_expired_keys()
    for _ = 1, EXPIRED_AT_ONCE do
        local entry = redis.call('LINDEX', expiry, 0)
        if not entry or tonumber(entry:sub(1, 15)) > now then return end
        redis.call('LPOP', expiry)
        local kept = redis.call('HGET', idempotency, entry:sub(16))
        if kept and kept:sub(33, 47) == entry:sub(1, 15) then
            redis.call('HDEL', idempotency, entry:sub(16))
        end
    end
end

local function admit(wanted)
    if not is_authorized(wanted) then return { 'U' } end
    local answer = known_by_key(wanted)
    if answer then return answer end
    local value = redis.call('HGET', jobs, wanted.id)
    if value then return known(wanted, value) end
    answer = beyond_limits(wanted)
    if answer then return answer end

    local key = wanted.idempotency_key
    redis.call('HSET', jobs, wanted.id, wanted.head .. string.char(#key) .. key .. wanted.record)
    redis.call('HSET', params, wanted.id, wanted.params)
    redis.call('ZADD', wanted.index, 0, wanted.index_entry)
    -- A gateway whose clock is ahead must not keep its jobs waiting.
    enter_due(wanted.lane, wanted.user, wanted.id, math.min(wanted.due_at, now))
    count(counts, wanted.user, nil, nil, wanted.head:sub(STATUS, STATUS), wanted.head:sub(LANE, LANE))
    append_event(counts, wanted.events, wanted.user, now, wanted.id, wanted.event)
    if key ~= '' then keep_key(wanted) end
    return { 'N' }
end

local answers = {}
while next_argument <= #ARGV do
    local wanted = read()
    answers[#answers + 1] = admit(wanted)
end
forget_expired_keys()
table.insert(answers, 1, queued(counts))
return answers
