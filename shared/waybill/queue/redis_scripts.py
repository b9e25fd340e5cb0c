"""What the queue does inside Redis: each script is one step that no other client can come between.

All keys begin with PREFIX, and so belong to the queue; what is braced keeps them together in a cluster. A route has a
sorted set of messages: the score is the priority, negated, and a number before the data keeps equals in their order.
"""

PREFIX = "{waybill}:"
ROUTES = f"{PREFIX}routes"
"""The set of the routes that have messages."""

MESSAGES = f"{PREFIX}messages:"
"""What the key of a route's messages begins with."""

DIGITS = 16
"""How many digits of a member are its number; Lua counts exactly up to 2 ** 53."""

_OWN = """
local function own(key, kind)
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
  return key
end
"""

SEND = f"""{_OWN}
local counter = own('{PREFIX}number', 'string')
local count = #ARGV / 3
local last = redis.pcall('INCRBY', counter, count)
if type(last) == 'table' or last > 2 ^ 52 or last < count then
  redis.call('SET', counter, count)
  last = count
end
own(KEYS[1], 'set')
for each = 1, count do
  local route, score, data = ARGV[3 * each - 2], ARGV[3 * each - 1], ARGV[3 * each]
  local number = string.format('%0{DIGITS}.0f', last - count + each)
  redis.call('ZADD', own('{MESSAGES}' .. route, 'zset'), score, number .. data)
  redis.call('SADD', KEYS[1], route)
end
"""

TAKE = f"""{_OWN}
own(KEYS[1], 'set')
local limit, cap = tonumber(ARGV[1]), tonumber(ARGV[2])
local heads, taken = {{}}, {{}}
local function look(head)
  local found = redis.call('ZRANGEBYSCORE', head.key, '-inf', head.most, 'WITHSCORES', 'LIMIT', 0, 1)
  head.member = found[1]
  if found[1] then
    head.score = tonumber(found[2]) or 0
    head.number = tonumber(string.sub(found[1], 1, {DIGITS})) or 0
  end
end
for each = 3, #ARGV, 2 do
  local head = {{route = ARGV[each], key = own('{MESSAGES}' .. ARGV[each], 'zset'), most = ARGV[each + 1]}}
  look(head)
  if head.member then table.insert(heads, head) end
end
for _ = 1, limit do
  local best
  for _, head in ipairs(heads) do
    if head.member and (not best or head.score < best.score
        or head.score == best.score and head.number < best.number) then
      best = head
    end
  end
  if not best then break end
  redis.call('ZREM', best.key, best.member)
  table.insert(taken, best.route)
  table.insert(taken, string.sub(best.member, {DIGITS} + 1, {DIGITS} + cap))
  table.insert(taken, tostring(-best.score))
  look(best)
end
for _, head in ipairs(heads) do
  if not head.member and redis.call('EXISTS', head.key) == 0 then redis.call('SREM', KEYS[1], head.route) end
end
return taken
"""

WAITING = f"""{_OWN}
local waiting = {{}}
for _, route in ipairs(redis.call('SMEMBERS', own(KEYS[1], 'set'))) do
  if redis.call('EXISTS', own('{MESSAGES}' .. route, 'zset')) == 1 then
    table.insert(waiting, route)
  else
    redis.call('SREM', KEYS[1], route)
  end
end
return waiting
"""

GENERATION = f"""{_OWN}
redis.call('SET', own('{PREFIX}generation', 'string'), ARGV[1], 'NX')
local about = redis.pcall('INFO', 'server')
local life = type(about) == 'string' and string.match(about, 'run_id:(%w+)') or ''
return redis.call('GET', '{PREFIX}generation') .. ' ' .. life
"""
