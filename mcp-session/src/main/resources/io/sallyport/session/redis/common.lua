-- What all scripts share. Before it stands clock(), after it the body of one operation.
--
-- Moments are microseconds since 1970 by the server's clock, lengths are microseconds. KEYS[1] is the gateway's name in
-- braces: all keys begin with it and so have the same slot. It is no key itself. The keys:
--
--   session:K         hash    record, version, owner, opened, used, idle and max (when it ends for lack of use, or of
--                             age), bytes of its streams, order (counts appends); when it has ended, only how
--   expiry            zset    owner .. K of living sessions, by when they end if they are not used
--   keys              zset    K of living sessions, in the order of their bytes
--   owner:O           zset    K of living sessions of a principal, by when they were used
--   ended             zset    K of sessions whose end is remembered, by until when
--   streams:K         zset    names of the streams of a session, the one to lose first first
--   stream:#K:K:S     hash    writer, about, fence, last, bytes, finished
--   events:#K:K:S     stream  N-0: d, the data of the event with the number N
--   nodes             zset    names of nodes, by when their leases end
--   inbox:N           stream  I-0: t, the text of the letter with the number I
--   letter            string  the number of the last letter
local P = KEYS[1] .. ':'
local now = clock()

-- How much longer than needed keys stay if nobody comes and sweeps.
local MARGIN = 3600 * 1000000

-- An owner is a hash in Base64url of this length.
local OWNER = 43

-- Finished streams come before all others in the order in which streams are lost.
local FINISHED = 1000000000000000

-- Numbers that become text on their own lose digits.
local function int(n)
  return string.format('%.0f', n)
end

-- Sees to it that a key stays for this long, and not for ever.
local function keep(key, length)
  local ms = math.ceil(length / 1000)
  if redis.call('PTTL', key) < ms then
    redis.call('PEXPIRE', key, int(ms))
  end
end

local function session(k)
  return P .. 'session:' .. k
end

local function stream(kind, k, name)
  return P .. kind .. ':' .. #k .. ':' .. k .. ':' .. name
end

-- How a session with these limits has ended; nothing if it lives.
local function over(idle, max)
  if now >= tonumber(max) then
    return 'expired_max_age'
  end
  return now >= tonumber(idle) and 'expired_idle' or nil
end

-- Takes note that a session is used, which gives it this length of time.
local function use(k, owner, max, length)
  local idle = now + length
  redis.call('HSET', session(k), 'used', int(now), 'idle', int(idle))
  redis.call('ZADD', P .. 'expiry', int(math.min(idle, tonumber(max))), owner .. k)
  redis.call('ZADD', P .. 'owner:' .. owner, int(now), k)
end

-- Drops a stream and returns how many bytes the others have.
local function drop(k, name)
  local bytes = tonumber(redis.call('HGET', stream('stream', k, name), 'bytes')) or 0
  redis.call('DEL', stream('stream', k, name), stream('events', k, name))
  redis.call('ZREM', P .. 'streams:' .. k, name)
  if redis.call('HEXISTS', session(k), 'record') == 0 then
    return 0
  end
  return redis.call('HINCRBY', session(k), 'bytes', int(0 - bytes))
end

-- The stream to lose first, other than this one.
local function leastNeeded(k, butFor)
  for _, name in ipairs(redis.call('ZRANGE', P .. 'streams:' .. k, 0, 1)) do
    if name ~= butFor then
      return name
    end
  end
end

-- Ends a session. The owner comes from an index: the session itself may be gone if nobody has swept for long.
local function remove(k, owner, how, total)
  local max = tonumber(redis.call('HGET', session(k), 'max'))
  for _, name in ipairs(redis.call('ZRANGE', P .. 'streams:' .. k, 0, -1)) do
    redis.call('DEL', stream('stream', k, name), stream('events', k, name))
  end
  redis.call('DEL', session(k), P .. 'streams:' .. k)
  redis.call('ZREM', P .. 'expiry', owner .. k)
  redis.call('ZREM', P .. 'keys', k)
  redis.call('ZREM', P .. 'owner:' .. owner, k)
  if not max or max + MARGIN <= now then
    return
  end
  redis.call('HSET', session(k), 'how', how)
  keep(session(k), max + MARGIN - now)
  redis.call('ZADD', P .. 'ended', int(max + MARGIN), k)
  keep(P .. 'ended', max + MARGIN - now)
  while redis.call('ZCARD', P .. 'ended') > total do
    redis.call('DEL', session(redis.call('ZPOPMIN', P .. 'ended')[1]))
  end
end

-- How a session of the index has ended; nothing if it lives.
local function overByIndex(k)
  local ends = redis.call('HMGET', session(k), 'idle', 'max')
  return not ends[2] and 'expired_max_age' or over(ends[1], ends[2])
end

local function lives(node)
  local til = redis.call('ZSCORE', P .. 'nodes', node)
  return til and now < tonumber(til)
end

-- Forgets nodes whose leases are over.
local function bury()
  for _, node in ipairs(redis.call('ZRANGEBYSCORE', P .. 'nodes', '-inf', int(now))) do
    redis.call('DEL', P .. 'inbox:' .. node)
    redis.call('ZREM', P .. 'nodes', node)
  end
end
