return { redis.call('ZCOUNT', P .. 'expiry', '(' .. int(now), '+inf') }
