"""What a Redis server does at once: each script runs alone, so that nobody sees half of it."""

from __future__ import annotations

SNAPSHOT = """
local published = redis.call('HMGET', KEYS[1], 'generation', 'state')
local found = {published[2]}
if published[2] then
  for place = 2, #ARGV, 2 do
    found[#found + 1] = redis.call('HGET', ARGV[1] .. published[1] .. ':' .. ARGV[place], ARGV[place + 1])
  end
end
return found
"""
"""KEYS: the publication. ARGV: prefix, then stored table and key of each value. The state, then the values."""

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

PUT = """
local full = redis.call('HGET', KEYS[1], 'full')
if not full then return 0 end
for place = 2, #ARGV, 3 do
  local data = ARGV[1] .. ':' .. ARGV[place]
  if full == '1' and ARGV[place + 2] == '' then
    redis.call('HDEL', data, ARGV[place + 1])
  else
    redis.call('HSET', data, ARGV[place + 1], ARGV[place + 2])
    redis.call('SADD', KEYS[2], ARGV[place])
  end
end
return 1
"""
"""KEYS: run, its stored tables. ARGV: where its entries lie, then stored table, key and rows, '' for none."""

STAGED = """
local run = redis.call('HMGET', KEYS[1], 'full', 'switches')
if not run[1] then return false end
local base = redis.call('HGET', KEYS[2], 'generation')
local found = {}
for place = 3, #ARGV, 2 do
  local value = redis.call('HGET', ARGV[2] .. ':' .. ARGV[place], ARGV[place + 1])
  if not value and run[1] == '0' then
    value = redis.call('HGET', ARGV[1] .. base .. ':' .. ARGV[place], ARGV[place + 1])
  end
  if value == '' then value = false end
  found[#found + 1] = value
end
return found
"""
"""KEYS: run, publication. ARGV: prefix, where the run's entries lie, then stored table and key of each value."""

PUBLISH = """
local run = redis.call('HMGET', KEYS[1], 'full', 'switches')
if not run[1] then return 'ended' end
local published = redis.call('HMGET', KEYS[2], 'generation', 'switches')
if (published[2] or '0') ~= run[2] then return 'conflict' end
local generation, prefix, token = published[1], ARGV[1], ARGV[2]
if run[1] == '1' then
  if generation then
    for _, stored in ipairs(redis.call('SMEMBERS', prefix .. generation .. ':stored')) do
      redis.call('UNLINK', prefix .. generation .. ':' .. stored)
    end
    redis.call('UNLINK', prefix .. generation .. ':stored')
  end
  generation = token
else
  for _, stored in ipairs(redis.call('SMEMBERS', KEYS[3])) do
    local own, below = prefix .. token .. ':' .. stored, prefix .. generation .. ':' .. stored
    local entries = redis.call('HGETALL', own)
    for place = 1, #entries, 2 do
      if entries[place + 1] == '' then
        redis.call('HDEL', below, entries[place])
      else
        redis.call('HSET', below, entries[place], entries[place + 1])
      end
    end
    redis.call('SADD', prefix .. generation .. ':stored', stored)
    redis.call('UNLINK', own)
  end
  redis.call('UNLINK', KEYS[3])
end
local state = cjson.decode(ARGV[3])
for name, each in pairs(state.tables) do
  each.keys = redis.call('HLEN', prefix .. generation .. ':' .. name)
end
local counted = cjson.encode(state)
redis.call('HSET', KEYS[2], 'generation', generation, 'switches', run[2] + 1, 'state', counted)
redis.call('UNLINK', KEYS[1])
redis.call('SREM', KEYS[4], token)
return counted
"""
"""KEYS: run, publication, the run's stored tables, the runs. ARGV: prefix, run, state."""

DISCARD = """
if redis.call('HGET', KEYS[4], 'generation') ~= ARGV[2] then
  for _, stored in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    redis.call('UNLINK', ARGV[1] .. ':' .. stored)
  end
  redis.call('UNLINK', KEYS[1], KEYS[2])
end
return redis.call('SREM', KEYS[3], ARGV[2])
"""
"""KEYS: run, its stored tables, the runs, publication. ARGV: where its entries lie, run.

What a full run has written is what is published, once it is: nothing of it is removed then.
"""
