local k, name, after, max = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local f = redis.call('HMGET', stream('stream', k, name), 'last', 'finished', 'writer')
if not f[1] then
  return {}
end
return { f[1], f[2], f[3], redis.call('XRANGE', stream('events', k, name), '(' .. after, '+', 'COUNT', max) }
