local node, text, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local inbox = P .. 'inbox:' .. node
if not lives(node) then
  return { 'NOBODY' }
end
if redis.call('XLEN', inbox) >= most then
  return { 'FULL' }
end
-- Beginning with the time, numbers grow even when this key has been forgotten; with the key, even when the clock does not.
local number = int(math.max(now, (tonumber(redis.call('GET', P .. 'letter')) or 0) + 1))
redis.call('SET', P .. 'letter', number, 'PX', 24 * 3600 * 1000)
redis.call('XADD', inbox, number .. '-0', 't', text)
keep(inbox, tonumber(redis.call('ZSCORE', P .. 'nodes', node)) - now + MARGIN)
redis.call('PUBLISH', inbox, '')
return { 'KEPT' }
