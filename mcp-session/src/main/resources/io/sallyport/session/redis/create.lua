local k, owner, record, version = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local idle, absolute, perPrincipal, total = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
if redis.call('HEXISTS', session(k), 'record') == 1 then
  return { 'exists' }
end
local mine = P .. 'owner:' .. owner
local gone, its
if redis.call('ZCARD', mine) >= perPrincipal then
  its = owner
  if redis.call('ZCOUNT', P .. 'expiry', '-inf', int(now)) > 0 then
    for _, own in ipairs(redis.call('ZRANGE', mine, 0, -1)) do
      if overByIndex(own) then
        gone = own
        break
      end
    end
  end
  gone = gone or redis.call('ZRANGE', mine, 0, 0)[1]
elseif redis.call('ZCARD', P .. 'expiry') >= total then
  local member = redis.call('ZRANGEBYSCORE', P .. 'expiry', '-inf', int(now), 'LIMIT', 0, 1)[1]
  if not member then
    return { 'full' }
  end
  its, gone = member:sub(1, OWNER), member:sub(OWNER + 1)
end
if gone then
  remove(gone, its, overByIndex(gone) or 'evicted', total)
end
local max = now + absolute
-- The first that is written, so that a server without room refuses it all.
redis.call('HSET', session(k), 'record', record, 'version', version, 'owner', owner, 'opened', int(now),
  'max', int(max), 'bytes', 0, 'order', 0)
redis.call('HDEL', session(k), 'how')
redis.call('ZREM', P .. 'ended', k)
redis.call('ZADD', P .. 'keys', 0, k)
use(k, owner, max, idle)
for _, key in ipairs({ session(k), P .. 'expiry', P .. 'keys', mine }) do
  keep(key, absolute + MARGIN)
end
return { 'created', gone or false }
