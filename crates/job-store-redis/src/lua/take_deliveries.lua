-- Takes deliveries that are due and puts each off by the lease.
-- KEYS: deliveries, what this taker took last, due, turns.
-- ARGV: time, lease, operation; then a receiver and how many of its deliveries, by turns.
-- Answers ids and values by turns, each receiver's longest due first.

local deliveries, last, outbox = KEYS[1], KEYS[2], { due = KEYS[3], turns = KEYS[4] }
local now, lease, operation = store_time(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local answer, taken = {}, {}

local function give(id)
    local value = redis.call('HGET', deliveries, id)
    if not value then return end
    answer[#answer + 1] = id
    answer[#answer + 1] = value
end

local before = taken_before(last, operation)
if before then
    for id in before do give(id) end
    return answer
end
for number = 4, #ARGV, 2 do
    local receiver = ARGV[number]
    for _, id in ipairs(first_due(outbox.turns, receiver, now, ARGV[number + 1])) do
        move_due(outbox, receiver, id, now + lease)
        give(id)
        taken[#taken + 1] = id
    end
end
remember_taken(last, operation, taken)
return answer
