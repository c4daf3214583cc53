"""What a Redis server does at once: each script runs alone, so that nobody sees half of it.

The entries of a generation are one hash, in which an entry's field is the number of its stored table before its key: a
few bytes that a key has for each table, where a hash a table would say a table's name at every request. Numbers are
given once a training set. The field '' of a published generation has the number of switches that led to it: who reads
it along with entries, by one command, knows that they are of the publication whose number that is.
"""

from __future__ import annotations

_NUMBERED = """
local prefixes = {}
local function prefix_of(stored, tables)
  if not prefixes[stored] then
    local number = redis.call('HGET', tables, stored)
    if not number then
      number = redis.call('HLEN', tables)
      redis.call('HSET', tables, stored, number)
    end
    prefixes[stored] = string.rep('\\255', math.floor(number / 255)) .. string.char(number % 255)
  end
  return prefixes[stored]
end
"""
"""A number as a prefix of which none is the beginning of another: bytes of 255, and one that is less."""

OPEN = (
    _NUMBERED
    + """
local found = redis.call('HMGET', KEYS[1], 'generation', 'switches', 'state')
for _, stored in ipairs(redis.call('HKEYS', KEYS[2])) do
  found[#found + 1] = stored
  found[#found + 1] = prefix_of(stored, KEYS[2])
end
return found
"""
)
"""KEYS: publication, tables. Its generation, switches and state, and each stored table with its prefix."""

BEGIN = """
local published = redis.call('HMGET', KEYS[1], 'switches', 'state')
local switches = published[1]
if ARGV[3] == '0' and not (published[2] and cjson.decode(published[2]).fingerprint == ARGV[2]) then return 0 end
redis.call('HSET', KEYS[2], 'fingerprint', ARGV[2], 'full', ARGV[3], 'begun', ARGV[4], 'switches', switches or '0')
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[5])
return 1
"""
"""KEYS: publication, run, the runs, the training sets. ARGV: run, fingerprint, full, begun, training set."""

PUT = (
    _NUMBERED
    + """
local full = redis.call('HGET', KEYS[1], 'full')
if not full then return 0 end
local counts = {}
for place = 1, #ARGV, 3 do
  local prefix = prefix_of(ARGV[place], KEYS[4])
  local field, value = prefix .. ARGV[place + 1], ARGV[place + 2]
  local added
  if full == '1' and value == '' then
    added = -redis.call('HDEL', KEYS[2], field)
  else
    added = redis.call('HSET', KEYS[2], field, value)
  end
  counts[prefix] = (counts[prefix] or 0) + added
end
for prefix, added in pairs(counts) do redis.call('HINCRBY', KEYS[3], prefix, added) end
return 1
"""
)
"""KEYS: run, its entries, their counts, tables. ARGV: stored table, key and rows of each entry, '' for no rows."""

STAGED = (
    _NUMBERED
    + """
local run = redis.call('HMGET', KEYS[1], 'full', 'switches')
if not run[1] then return false end
local base = redis.call('HGET', KEYS[3], 'generation')
local found = {}
for place = 2, #ARGV, 2 do
  local field = prefix_of(ARGV[place], KEYS[4]) .. ARGV[place + 1]
  local value = redis.call('HGET', KEYS[2], field)
  if not value and run[1] == '0' then value = redis.call('HGET', ARGV[1] .. base, field) end
  if value == '' then value = false end
  found[#found + 1] = value
end
return found
"""
)
"""KEYS: run, its entries, publication, tables. ARGV: prefix of keys, then stored table and key of each value."""

PUBLISH = (
    _NUMBERED
    + """
local run = redis.call('HMGET', KEYS[1], 'full', 'switches')
if not run[1] then return 'ended' end
local published = redis.call('HMGET', KEYS[2], 'generation', 'switches')
if (published[2] or '0') ~= run[2] then return 'conflict' end
local generation, token = published[1], ARGV[2]
if run[1] == '1' then
  if generation then redis.call('UNLINK', ARGV[1] .. generation, ARGV[1] .. generation .. ':keys') end
  generation = token
else
  local below, counts = ARGV[1] .. generation, {}
  local entries = redis.call('HGETALL', KEYS[3])
  for place = 1, #entries, 2 do
    local field, value = entries[place], entries[place + 1]
    local prefix, added = string.match(field, '^\\255*.')
    if value == '' then
      added = -redis.call('HDEL', below, field)
    else
      added = redis.call('HSET', below, field, value)
    end
    counts[prefix] = (counts[prefix] or 0) + added
  end
  for prefix, added in pairs(counts) do redis.call('HINCRBY', below .. ':keys', prefix, added) end
  redis.call('UNLINK', KEYS[3], KEYS[4])
end
local state = cjson.decode(ARGV[3])
for name, each in pairs(state.tables) do
  local keys = redis.call('HGET', ARGV[1] .. generation .. ':keys', prefix_of(name, KEYS[5]))
  each.keys = tonumber(keys or 0)
end
local counted = cjson.encode(state)
redis.call('HSET', ARGV[1] .. generation, '', run[2] + 1)
redis.call('HSET', KEYS[2], 'generation', generation, 'switches', run[2] + 1, 'state', counted)
redis.call('UNLINK', KEYS[1])
redis.call('SREM', KEYS[6], token)
return counted
"""
)
"""KEYS: run, publication, the run's entries, their counts, tables, the runs. ARGV: prefix of keys, run, state."""

DISCARD = """
if redis.call('HGET', KEYS[5], 'generation') ~= ARGV[1] then redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3]) end
return redis.call('SREM', KEYS[4], ARGV[1])
"""
"""KEYS: run, its entries, their counts, the runs, publication. ARGV: run.

What a full run has written is what is published, once it is: nothing of it is removed then.
"""
