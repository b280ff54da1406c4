local node, lease = ARGV[1], tonumber(ARGV[2])
local known = lives(node)
bury()
redis.call('ZADD', P .. 'nodes', int(now + lease), node)
keep(P .. 'nodes', lease + MARGIN)
keep(P .. 'inbox:' .. node, lease + MARGIN)
return { known and 1 or 0 }
