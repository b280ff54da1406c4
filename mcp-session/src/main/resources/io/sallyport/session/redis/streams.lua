local k = ARGV[1]
local found = {}
for _, name in ipairs(redis.call('ZRANGE', P .. 'streams:' .. k, 0, -1)) do
  local f = redis.call('HMGET', stream('stream', k, name), 'writer', 'about', 'finished')
  if f[1] then
    found[#found + 1] = { name, f[1], f[2], f[3] }
  end
end
return found
