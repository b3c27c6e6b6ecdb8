-- Forgets a job. An idempotency key that stands for it keeps its last record.
-- KEYS: the first eleven of `commit`, then params, idempotency, who removed it; where somebody is
-- told of it, deliveries, of jobs, due, turns; where jobs are mirrored, its backlog last.
-- ARGV: time, id, user, expected version, rest of the index entry, run, operation, whether jobs
-- are mirrored; where somebody is told of it, the receiver.
-- Answers K, C (another version) or N (no such job).

local jobs, counts, index, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local lanes = {
    d = { due = KEYS[5], turns = KEYS[9], ages = KEYS[10] },
    r = { due = KEYS[6] }, w = { due = KEYS[7] }, m = { due = KEYS[8] },
}
local runs, params, idempotency, removed = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local deliveries, of_jobs, outbox = KEYS[15], KEYS[16], { due = KEYS[17], turns = KEYS[18] }
local behind = ARGV[8] ~= '' and KEYS[#KEYS]
local id, user, operation, receiver = ARGV[2], ARGV[3], ARGV[7], ARGV[9]
local REMEMBERED_FOR = 60000

local function forget_deliveries()
    local ids, waiting = deliveries_of(of_jobs, id), {}
    if #ids == 0 then return end
    for _, delivery in ipairs(ids) do
        local at = redis.call('ZSCORE', outbox.due, delivery)
        if at then waiting[#waiting + 1] = turn(receiver, tonumber(at), delivery) end
    end
    redis.call('HDEL', deliveries, unpack(ids))
    redis.call('HDEL', of_jobs, id)
    redis.call('ZREM', outbox.due, unpack(ids))
    if #waiting > 0 then redis.call('ZREM', outbox.turns, unpack(waiting)) end
end

local value = redis.call('HGET', jobs, id)
if not value then
    -- The reply was lost and the client asks again.
    return { redis.call('GET', removed) == operation and 'K' or 'N' }
end
if value:sub(1, 8) ~= ARGV[4] then return { 'C' } end

local status, lane = value:sub(STATUS, STATUS), value:sub(LANE, LANE)
local key = value:sub(KEY_LENGTH + 1, KEY_LENGTH + value:byte(KEY_LENGTH))
if key ~= '' then
    local field = user .. '\0' .. key
    local kept = redis.call('HGET', idempotency, field)
    if kept and kept:sub(48, 79) == id then
        redis.call('HSET', idempotency, field, kept:sub(1, 79) .. value)
    end
end
redis.call('SET', removed, operation, 'PX', REMEMBERED_FOR)
redis.call('HDEL', jobs, id)
redis.call('HDEL', params, id)
redis.call('ZREM', index, status .. ARGV[5])
leave_due(lanes[lane], user, id)
count(counts, user, status, lane, nil, nil)
if ARGV[6] ~= '' then redis.call('ZREM', runs, ARGV[6]) end
if receiver then forget_deliveries() end
if behind then redis.call('ZREM', behind, id) end
forget_old_events(events, store_time(ARGV[1]))
return { 'K', queued(counts) }
