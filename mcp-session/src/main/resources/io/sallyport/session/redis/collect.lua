local inbox = P .. 'inbox:' .. ARGV[1]
redis.call('XTRIM', inbox, 'MINID', ARGV[2])
return redis.call('XRANGE', inbox, '-', '+', 'COUNT', ARGV[3])
