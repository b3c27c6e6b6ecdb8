-- Puts a changed delivery in place of the one that the change was decided on.
-- KEYS: deliveries, due, turns.
-- ARGV: id, receiver, expected version, value, due time or nothing.
-- Answers K (done, now or before), C (another version) or N (no such delivery).
-- A value: version (8 bytes), the packed record.

local deliveries, outbox = KEYS[1], { due = KEYS[2], turns = KEYS[3] }
local id, receiver, value, due_at = ARGV[1], ARGV[2], ARGV[4], ARGV[5]

local kept = redis.call('HGET', deliveries, id)
if not kept then return 'N' end
if kept == value then return 'K' end
if kept:sub(1, 8) ~= ARGV[3] then return 'C' end

redis.call('HSET', deliveries, id, value)
if due_at == '' then
    leave_due(outbox, receiver, id)
elseif not move_due(outbox, receiver, id, tonumber(due_at)) then
    enter_due(outbox, receiver, id, tonumber(due_at))
end
return 'K'
