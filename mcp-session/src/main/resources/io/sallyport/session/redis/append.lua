local k, name, fence, first, isLast = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == '1'
local bytesPerStream, bytesPerSession, before = tonumber(ARGV[6]), tonumber(ARGV[7]), 7
local key, events = stream('stream', k, name), stream('events', k, name)
local f = redis.call('HMGET', key, 'fence', 'last', 'bytes', 'finished')
if not f[1] or redis.call('HEXISTS', session(k), 'record') == 0 then
  return { 'UNKNOWN' }
end
local last, bytes, finished = tonumber(f[2]), tonumber(f[3]), f[4] == '1'
local again = first + #ARGV - before - 1 <= last
if tonumber(f[1]) ~= fence or (finished and not again) then
  return { 'FENCED' }
end
for i = before + 1, #ARGV do
  local number = first + i - before - 1
  if number > last then
    redis.call('XADD', events, int(number) .. '-0', 'd', ARGV[i])
    last, bytes = number, bytes + #ARGV[i]
  end
end
while bytes > bytesPerStream and redis.call('XLEN', events) > 1 do
  local oldest = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
  redis.call('XDEL', events, oldest[1])
  bytes = bytes - #oldest[2][2]
end
finished = finished or isLast
redis.call('HSET', key, 'last', int(last), 'bytes', int(bytes), 'finished', finished and 1 or 0)
keep(events, redis.call('PTTL', session(k)) * 1000)
local order = redis.call('HINCRBY', session(k), 'order', 1)
redis.call('ZADD', P .. 'streams:' .. k, int(finished and order - FINISHED or order), name)
local all = redis.call('HINCRBY', session(k), 'bytes', int(bytes - tonumber(f[3])))
while all > bytesPerSession do
  local other = leastNeeded(k, name)
  if not other then
    break
  end
  all = drop(k, other)
end
return { 'KEPT' }
