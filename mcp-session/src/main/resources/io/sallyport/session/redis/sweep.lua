local max, total = ARGV[1], tonumber(ARGV[2])
local swept = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', P .. 'expiry', '-inf', int(now), 'LIMIT', 0, max)) do
  local k = member:sub(OWNER + 1)
  remove(k, member:sub(1, OWNER), overByIndex(k) or 'expired_idle', total)
  swept[#swept + 1] = k
end
for _, k in ipairs(redis.call('ZRANGEBYSCORE', P .. 'ended', '-inf', int(now), 'LIMIT', 0, max)) do
  redis.call('ZREM', P .. 'ended', k)
  redis.call('DEL', session(k))
end
bury()
return swept
