local k, owner, record, version, idle = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local f = redis.call('HMGET', session(k), 'version', 'owner', 'idle', 'max')
if not f[1] or f[2] ~= owner or tonumber(f[1]) + 1 ~= tonumber(version) or over(f[3], f[4]) then
  return { 0 }
end
redis.call('HSET', session(k), 'record', record, 'version', version)
use(k, owner, f[4], idle)
return { 1 }
