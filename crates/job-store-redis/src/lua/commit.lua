-- Puts a changed record in place of the one that the change was decided on.
-- KEYS: jobs, counts, index, events, the four lanes a job can be in, turns, ages, runs; where an
-- event is delivered, deliveries, of jobs, due, turns; where jobs are mirrored, its backlog last.
-- ARGV: time, id, user, expected version, head, record, rest of the index entry, due time, run,
-- its end, whether jobs are mirrored, number of events, events; where an event is delivered, the receiver, then of each
-- delivery its event's number, its value and its due time.
-- Answers K (done, now or before), C (another version) or N (no such job).

local jobs, counts, index, events = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local lanes = {
    d = { due = KEYS[5], turns = KEYS[9], ages = KEYS[10] },
    r = { due = KEYS[6] }, w = { due = KEYS[7] }, m = { due = KEYS[8] },
}
local runs, RUNS_KEPT = KEYS[11], 100
local deliveries, of_jobs, outbox = KEYS[12], KEYS[13], { due = KEYS[14], turns = KEYS[15] }
local behind = ARGV[11] ~= '' and KEYS[#KEYS]
local EVENTS_FROM, EVENTS_TO = 13, 12 + ARGV[12]
local RECEIVER, DELIVERIES_FROM = EVENTS_TO + 1, EVENTS_TO + 2
local id, user, head, record, index_rest = ARGV[2], ARGV[3], ARGV[5], ARGV[6], ARGV[7]

local value = redis.call('HGET', jobs, id)
if not value then return { 'N' } end
if value:sub(1, TO_OPERATION) == head:sub(1, TO_OPERATION) then return { 'K' } end
if value:sub(1, 8) ~= ARGV[4] then return { 'C' } end

local now = store_time(ARGV[1])
local status, lane = value:sub(STATUS, STATUS), value:sub(LANE, LANE)
local new_status, new_lane = head:sub(STATUS, STATUS), head:sub(LANE, LANE)
local key = value:sub(KEY_LENGTH, KEY_LENGTH + value:byte(KEY_LENGTH))

redis.call('HSET', jobs, id, head .. key .. record)
if status ~= new_status then
    redis.call('ZADD', index, 0, new_status .. index_rest)
    redis.call('ZREM', index, status .. index_rest)
end
if lane ~= new_lane or not move_due(lanes[lane], user, id, tonumber(ARGV[8])) then
    leave_due(lanes[lane], user, id)
    enter_due(lanes[new_lane], user, id, tonumber(ARGV[8]))
end
count(counts, user, status, lane, new_status, new_lane)
if ARGV[9] ~= '' then
    redis.call('ZADD', runs, ARGV[10], ARGV[9])
    redis.call('ZREMRANGEBYRANK', runs, 0, -1 - RUNS_KEPT)
end
for number = EVENTS_FROM, EVENTS_TO do
    append_event(counts, events, user, now, id, ARGV[number])
end
if EVENTS_TO >= EVENTS_FROM then forget_old_events(events, now) end
for number = DELIVERIES_FROM, #ARGV, 3 do
    local event, delivery = ARGV[number], delivery_of(id, ARGV[number])
    local before = redis.call('HGET', of_jobs, id)
    redis.call('HSET', deliveries, delivery, ARGV[number + 1])
    redis.call('HSET', of_jobs, id, before and before .. ' ' .. event or event)
    enter_due(outbox, ARGV[RECEIVER], delivery, tonumber(ARGV[number + 2]))
end
-- One that is there already keeps its place.
if behind then redis.call('ZADD', behind, 'NX', string.format('%.0f', now), id) end
return { 'K', queued(counts) }
