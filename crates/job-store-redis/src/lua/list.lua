-- A page of a tenant's jobs, newest first.
-- KEYS: api keys, jobs, index. ARGV: digest, tenant, least id, id to stay below, most jobs,
-- status letter or nothing, type or nothing.
-- Answers nothing where the key is unknown or revoked; else how many entries of the index were
-- read, then the values of the jobs.
--
-- An index entry is status letter, type, colon, id. Entries of one status and type lie together
-- by id; a page merges such stretches from their newest ends, and reads of each no more than it
-- may need.

local api_keys, jobs, index = KEYS[1], KEYS[2], KEYS[3]
local oldest, below, most, status, job_type = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]
local api_key = redis.call('HGET', api_keys, ARGV[1])
if not api_key or api_key:sub(1, 1) ~= 'A' or api_key:sub(48) ~= ARGV[2] then return {} end

local entries_read = 0

-- The status and type of the first entry after all that begin with `prefix`.
local function stretch_after(prefix)
    local from = prefix == '' and '-' or '(' .. prefix .. '\255'
    local entry = redis.call('ZRANGE', index, from, '+', 'BYLEX', 'LIMIT', 0, 1)[1]
    entries_read = entries_read + 1
    return entry and entry:match('^[^:]*:')
end

local function is_wanted(stretch)
    return (status == '' or stretch:sub(1, 1) == status)
        and (job_type == '' or stretch:sub(2, -2) == job_type)
end

local function wanted_stretches()
    local stretches = {}
    if status ~= '' and job_type ~= '' then return { status .. job_type .. ':' } end
    local stretch = stretch_after('')
    while stretch do
        if is_wanted(stretch) then stretches[#stretches + 1] = stretch end
        stretch = stretch_after(stretch)
    end
    return stretches
end

local stretches = wanted_stretches()
local chunk = math.max(8, math.ceil(2 * most / math.max(1, #stretches)))
if #stretches == 1 then chunk = most end

local function refill(reader)
    reader.entries = redis.call('ZRANGE', index, '(' .. reader.stretch .. reader.below,
        '[' .. reader.stretch .. oldest, 'BYLEX', 'REV', 'LIMIT', 0, chunk)
    reader.at = 1
    entries_read = entries_read + #reader.entries
end

-- The newest id that is left of a stretch.
local function newest(reader)
    if reader.at > #reader.entries then
        if #reader.entries < chunk then return nil end
        reader.below = reader.entries[#reader.entries]:sub(#reader.stretch + 1)
        refill(reader)
    end
    local entry = reader.entries[reader.at]
    return entry and entry:sub(#reader.stretch + 1)
end

local readers = {}
for number, stretch in ipairs(stretches) do
    readers[number] = { stretch = stretch, below = below }
    refill(readers[number])
end
local ids = {}
for _ = 1, most do
    local first, id
    for _, reader in ipairs(readers) do
        local candidate = newest(reader)
        if candidate and (not id or candidate > id) then first, id = reader, candidate end
    end
    if not first then break end
    first.at = first.at + 1
    ids[#ids + 1] = 'job_' .. id
end
local answer = #ids > 0 and redis.call('HMGET', jobs, unpack(ids)) or {}
table.insert(answer, 1, entries_read)
return answer
