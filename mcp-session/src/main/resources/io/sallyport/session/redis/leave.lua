redis.call('ZREM', P .. 'nodes', ARGV[1])
redis.call('DEL', P .. 'inbox:' .. ARGV[1])
return {}
