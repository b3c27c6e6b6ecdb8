-- Records jobs, each with its own answer. What is checked stands before what is written, and what
-- is written goes together: one command for each key, whatever the number of jobs.
-- KEYS: api keys, jobs, params, counts, idempotency, expiry; then five of each job's; then, where
-- jobs are mirrored, the mirror's backlog.
-- ARGV: time, whether jobs are mirrored; then what each job has, as `read` takes it.
-- Answers how many wait in this shard, then for each job a letter and what belongs to it.

local keys, arguments = KEYS, ARGV
local api_keys, jobs, params, counts = keys[1], keys[2], keys[3], keys[4]
local idempotency, expiry = keys[5], keys[6]
local now = store_time(arguments[1])
local behind = arguments[2] ~= '' and keys[#keys]
local FIRST_KEY, FIRST_ARGUMENT, KEYS_OF_JOB, ARGUMENTS_OF_JOB = 7, 3, 5, 14
local EXPIRED_AT_ONCE = 4

local function read(number)
    local k = FIRST_KEY + number * KEYS_OF_JOB
    local a = FIRST_ARGUMENT + number * ARGUMENTS_OF_JOB
    return {
        digest = arguments[a], user = arguments[a + 1], id = arguments[a + 2],
        head = arguments[a + 3], record = arguments[a + 4], params = arguments[a + 5],
        index_entry = arguments[a + 6], due_at = tonumber(arguments[a + 7]),
        event = arguments[a + 8], idempotency_key = arguments[a + 9],
        fingerprint = arguments[a + 10], kept_for = arguments[a + 11],
        most_queued = tonumber(arguments[a + 12]), most_active = arguments[a + 13],
        index = keys[k], events = keys[k + 1],
        due = keys[k + 2], turns = keys[k + 3], ages = keys[k + 4],
    }
end

-- What is to be written, and what of it later jobs of the same call have to see.
local writes, write_to = {}, {}
local recorded, kept_keys, totals, grown = {}, {}, {}, {}

local function write(command, key, first, second)
    local call = write_to[key]
    if not call then
        call = { command, key }
        write_to[key] = call
        writes[#writes + 1] = call
    end
    call[#call + 1] = first
    call[#call + 1] = second
end

local function total(counter)
    if not totals[counter] then
        totals[counter] = tonumber(redis.call('HGET', counts, counter) or 0)
    end
    return totals[counter]
end

local function grow(counter)
    totals[counter] = total(counter) + 1
    grown[counter] = true
    return totals[counter]
end

local users = {}
local function is_authorized(wanted)
    local digest = wanted.digest
    if users[digest] == nil then
        local api_key = redis.call('HGET', api_keys, digest)
        users[digest] = api_key and api_key:sub(1, 1) == 'A' and api_key:sub(48)
    end
    return users[digest] == wanted.user
end

local function job(id) return recorded[id] or redis.call('HGET', jobs, id) end

-- The answer for a job that is there already. One that this very call recorded is no replay:
-- its reply was lost, and the client sent it again.
local function known(wanted, value)
    local operation = wanted.head:sub(FROM_OPERATION, TO_OPERATION)
    if value:sub(FROM_OPERATION, TO_OPERATION) == operation then return { 'O', value } end
    return { 'R', value }
end

local function known_by_key(wanted)
    if wanted.idempotency_key == '' then return nil end
    local field = wanted.user .. '\0' .. wanted.idempotency_key
    local kept = kept_keys[field] or redis.call('HGET', idempotency, field)
    if not kept or tonumber(kept:sub(33, 47)) <= now then return nil end
    local id = kept:sub(48, 79)
    if kept:sub(1, 32) ~= wanted.fingerprint then return { 'M', id } end
    return known(wanted, job(id) or kept:sub(80))
end

local function beyond_limits(wanted)
    if wanted.most_active ~= '' then
        local active = total('active:' .. wanted.user)
        if active >= tonumber(wanted.most_active) then return { 'A' } end
    end
    if total('queued') >= wanted.most_queued then return { 'B' } end
end

local function keep_key(wanted)
    local expires_at = fifteen_digits(now + tonumber(wanted.kept_for))
    local field = wanted.user .. '\0' .. wanted.idempotency_key
    kept_keys[field] = wanted.fingerprint .. expires_at .. wanted.id
    write('HSET', idempotency, field, kept_keys[field])
    write('RPUSH', expiry, expires_at .. field)
end

local function record(wanted)
    local id, user, key = wanted.id, wanted.user, wanted.idempotency_key
    recorded[id] = wanted.head .. string.char(#key) .. key .. wanted.record
    write('HSET', jobs, id, recorded[id])
    write('HSET', params, id, wanted.params)
    write('ZADD', wanted.index, 0, wanted.index_entry)
    -- A gateway whose clock is ahead must not keep its jobs waiting.
    local due_at = math.min(wanted.due_at, now)
    write('ZADD', wanted.due, due_at, id)
    write('ZADD', wanted.turns, 0, turn(user, due_at, id))
    write('ZADD', wanted.ages, 0, id .. user)
    if behind then write('ZADD', behind, now, id) end
    grow('queued')
    grow('active:' .. user)
    local number = grow('events:' .. user)
    writes[#writes + 1] = event_call(wanted.events, number, now, id, wanted.event)
    if key ~= '' then keep_key(wanted) end
end

local function admit(wanted)
    if not is_authorized(wanted) then return { 'U' } end
    local answer = known_by_key(wanted)
    if answer then return answer end
    local value = job(wanted.id)
    if value then return known(wanted, value) end
    answer = beyond_limits(wanted)
    if answer then return answer end
    record(wanted)
    return { 'N' }
end

-- A few at a time, in passing: their being there a little longer harms nobody.
local function forget_expired_keys()
    local entries, fields, expired = redis.call('LRANGE', expiry, 0, EXPIRED_AT_ONCE - 1), {}, 0
    for _, entry in ipairs(entries) do
        if tonumber(entry:sub(1, 15)) > now then break end
        expired = expired + 1
        local kept = redis.call('HGET', idempotency, entry:sub(16))
        if kept and kept:sub(33, 47) == entry:sub(1, 15) then fields[#fields + 1] = entry:sub(16) end
    end
    if expired > 0 then redis.call('LPOP', expiry, expired) end
    if #fields > 0 then redis.call('HDEL', idempotency, unpack(fields)) end
end

local answers = {}
for number = 0, (#arguments - FIRST_ARGUMENT + 1) / ARGUMENTS_OF_JOB - 1 do
    answers[number + 2] = admit(read(number))
end
for counter in pairs(grown) do write('HSET', counts, counter, totals[counter]) end
for _, call in ipairs(writes) do redis.call(unpack(call)) end
forget_expired_keys()
answers[1] = total('queued')
return answers
