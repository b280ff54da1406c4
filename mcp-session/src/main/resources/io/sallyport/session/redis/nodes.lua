return redis.call('ZRANGEBYSCORE', P .. 'nodes', '(' .. int(now), '+inf')
