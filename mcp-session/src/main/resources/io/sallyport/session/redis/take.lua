local k, name, writer, fromTheLiving = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local key = stream('stream', k, name)
local f = redis.call('HMGET', key, 'writer', 'finished', 'last', 'about')
if not f[1] or f[2] == '1' or (not fromTheLiving and lives(f[1])) then
  return {}
end
redis.call('HSET', key, 'writer', writer)
return { redis.call('HINCRBY', key, 'fence', 1), f[3], f[4] }
