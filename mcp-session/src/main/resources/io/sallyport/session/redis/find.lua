local k, idle, total = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local f = redis.call('HMGET', session(k), 'record', 'owner', 'used', 'idle', 'max', 'how')
if f[6] then
  return { 'ended', f[6] }
end
if not f[1] then
  return { 'unknown' }
end
local how = over(f[4], f[5])
if how then
  remove(k, f[2], how, total)
  return { 'ended', how }
end
-- A tenth of the time may go by without a note: most looks write nothing.
if now - tonumber(f[3]) >= idle / 10 then
  use(k, f[2], f[5], idle)
end
return { 'live', f[1] }
