local k, name, writer, about, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local f = redis.call('HMGET', session(k), 'record', 'idle', 'max')
if not f[1] or over(f[2], f[3]) then
  return { 'none' }
end
local key, names = stream('stream', k, name), P .. 'streams:' .. k
if redis.call('EXISTS', key) == 1 then
  return { 'exists' }
end
while redis.call('ZCARD', names) >= most do
  drop(k, leastNeeded(k, name))
end
redis.call('HSET', key, 'writer', writer, 'about', about, 'fence', 1, 'last', 0, 'bytes', 0, 'finished', 0)
redis.call('ZADD', names, redis.call('HINCRBY', session(k), 'order', 1), name)
keep(key, redis.call('PTTL', session(k)) * 1000)
keep(names, redis.call('PTTL', session(k)) * 1000)
return { 'begun' }
