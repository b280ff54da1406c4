local k, how, total = ARGV[1], ARGV[2], tonumber(ARGV[3])
local owner = redis.call('HGET', session(k), 'owner')
if owner then
  remove(k, owner, how, total)
end
return {}
