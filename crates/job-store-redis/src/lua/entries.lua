-- What several scripts need: the store's time, due entries, what was taken, counters, events,
-- deliveries.
-- While a slot is being moved, a command fails on a key that is not there, in the middle of a
-- script too. So no script empties a key that it needs afterwards: it adds, and then removes.
-- A job's value in `jobs`: version (8 bytes), operation (16), status letter, lane letter,
-- length of its idempotency key (1 byte), that key, the packed record.

local FROM_OPERATION, TO_OPERATION = 9, 24
local STATUS, LANE, KEY_LENGTH = 25, 26, 27
local EVENTS_KEPT, EVENTS_KEPT_FOR = 10000, 7 * 24 * 3600 * 1000
local TAKEN_KEPT_FOR = 60000

-- Milliseconds by the server's clock, or by the caller's where it gives a time.
local function store_time(given)
    if given ~= '' then return tonumber(given) end
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function fifteen_digits(time) return string.format('%015.0f', time) end

local function turn(user, at, id) return user .. '\0' .. fifteen_digits(at) .. id end

-- `keys` names the sorted sets of one lane, or of the deliveries. A dispatch lane has `turns`, of
-- tenants, and `ages`; the deliveries have `turns`, of receivers, who stand for `user` then.
local function enter_due(keys, user, id, at)
    redis.call('ZADD', keys.due, string.format('%.0f', at), id)
    if keys.turns then redis.call('ZADD', keys.turns, 0, turn(user, at, id)) end
    if keys.ages then redis.call('ZADD', keys.ages, 0, id .. user) end
end

local function leave_due(keys, user, id)
    local at = redis.call('ZSCORE', keys.due, id)
    if not at then return end
    redis.call('ZREM', keys.due, id)
    if keys.turns then redis.call('ZREM', keys.turns, turn(user, tonumber(at), id)) end
    if keys.ages then redis.call('ZREM', keys.ages, id .. user) end
end

-- False where it is not there.
local function move_due(keys, user, id, at)
    local before = redis.call('ZSCORE', keys.due, id)
    if not before then return false end
    redis.call('ZADD', keys.due, string.format('%.0f', at), id)
    if keys.turns and tonumber(before) ~= at then
        redis.call('ZADD', keys.turns, 0, turn(user, at, id))
        redis.call('ZREM', keys.turns, turn(user, tonumber(before), id))
    end
    return true
end

-- The ids of what is due of one who takes turns, the longest due first.
local function first_due(turns, user, now, most)
    local until_now = '[' .. user .. '\0' .. fifteen_digits(now) .. '\255'
    local entries = redis.call('ZRANGE', turns, '[' .. user .. '\0', until_now,
        'BYLEX', 'LIMIT', 0, most)
    for number, entry in ipairs(entries) do entries[number] = entry:sub(#user + 17) end
    return entries
end

-- What this very call took before: its reply was lost and the client asks again, so that what it
-- was given is still its. Nothing where this is the first time.
local function taken_before(last, operation)
    local kept = redis.call('GET', last)
    if not kept or kept:sub(1, #operation) ~= operation then return nil end
    return kept:sub(#operation + 1):gmatch('[^ ]+')
end

local function remember_taken(last, operation, entries)
    if #entries == 0 then return end
    redis.call('SET', last, operation .. table.concat(entries, ' '), 'PX', TAKEN_KEPT_FOR)
end

local function is_active(status) return status == 'q' or status == 'r' end

-- Moves the counters of jobs that wait and of a user's jobs that have not ended. An absent job,
-- before its admission or after its removal, has neither status nor lane.
local function count(counts, user, status, lane, new_status, new_lane)
    local queued = (new_lane == 'd' and 1 or 0) - (lane == 'd' and 1 or 0)
    if queued ~= 0 then redis.call('HINCRBY', counts, 'queued', queued) end
    local active = (is_active(new_status) and 1 or 0) - (is_active(status) and 1 or 0)
    if active ~= 0 then redis.call('HINCRBY', counts, 'active:' .. user, active) end
end

local function queued(counts) return tonumber(redis.call('HGET', counts, 'queued') or 0) end

-- An event's id in its stream is its number and the time, so that both can be asked for.
local function forget_old_events(events, now)
    while true do
        local oldest = redis.call('XRANGE', events, '-', '+', 'COUNT', 32)
        local keep_from
        for _, entry in ipairs(oldest) do
            local number, at = entry[1]:match('^(%d+)-(%d+)$')
            if tonumber(at) > now - EVENTS_KEPT_FOR then break end
            keep_from = number + 1
        end
        if not keep_from then return end
        redis.call('XTRIM', events, 'MINID', '=', string.format('%.0f-0', keep_from))
    end
end

local function event_call(events, number, now, id, event)
    local entry = string.format('%.0f-%.0f', number, now)
    return { 'XADD', events, 'MAXLEN', '=', EVENTS_KEPT, entry, id, event }
end

local function append_event(counts, events, user, now, id, event)
    local number = redis.call('HINCRBY', counts, 'events:' .. user, 1)
    redis.call(unpack(event_call(events, number, now, id, event)))
end

local function delivery_of(job, event) return 'msg_' .. job:sub(5) .. '_' .. event end

-- The ids of a job's deliveries, in the order of its events.
local function deliveries_of(key, job)
    local ids = {}
    for event in (redis.call('HGET', key, job) or ''):gmatch('%d+') do
        ids[#ids + 1] = delivery_of(job, event)
    end
    return ids
end
