local after, max, owner = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local found, count = {}, 0

local function look(k)
  local f = redis.call('HMGET', session(k), 'record', 'opened', 'used', 'idle', 'max')
  if f[1] and not over(f[4], f[5]) then
    found[#found + 1], found[#found + 2], found[#found + 3] = f[1], f[2], f[3]
    count = count + 1
  end
end

-- By bytes, as Redis orders them: the language compares by the server's locale.
local function before(a, b)
  for i = 1, math.min(#a, #b) do
    if a:byte(i) ~= b:byte(i) then
      return a:byte(i) < b:byte(i)
    end
  end
  return #a < #b
end

if owner ~= '' then
  local own = redis.call('ZRANGE', P .. 'owner:' .. owner, 0, -1)
  table.sort(own, before)
  for _, k in ipairs(own) do
    if count < max and before(after, k) then
      look(k)
    end
  end
  return found
end
while count < max do
  local some = redis.call('ZRANGEBYLEX', P .. 'keys', '(' .. after, '+', 'LIMIT', 0, 100)
  if #some == 0 then
    break
  end
  for _, k in ipairs(some) do
    if count < max then
      look(k)
    end
    after = k
  end
end
return found
