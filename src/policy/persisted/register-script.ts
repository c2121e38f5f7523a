/**
 * Stores a text under its hash. While all texts together have more bytes than allowed, deletes those that were sent least
 * recently.
 *
 * KEYS: the key of the text, the index (a sorted set of `HASH:BYTES` by the time of last use, in milliseconds), the sum of bytes.
 * ARGV: hash, text, time to live of a text in milliseconds, most bytes, prefix of the keys of texts.
 *
 * All keys have the same hash tag (in braces), so that a cluster stores them on one node. Texts expire by themselves; the index
 * drops them when the next text is sent.
 */
export const REGISTER_SCRIPT = `
local text, index, total = KEYS[1], KEYS[2], KEYS[3]
local ttl, most, prefix = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local time = redis.call('TIME')
-- with microseconds: of two texts in one millisecond the first is the older one
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

local function bytesOf(member)
  return tonumber(string.match(member, ':(%d+)$'))
end

local sum = tonumber(redis.call('GET', total) or '')
if sum == nil then
  sum = 0
  for _, member in ipairs(redis.call('ZRANGE', index, 0, -1)) do sum = sum + bytesOf(member) end
end

local member = ARGV[1] .. ':' .. #ARGV[2]
redis.call('SET', text, ARGV[2], 'PX', ttl)
if redis.call('ZADD', index, now, member) == 1 then sum = sum + #ARGV[2] end

for _, old in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now - ttl)) do
  redis.call('ZREM', index, old)
  sum = sum - bytesOf(old)
end
while sum > most do
  local oldest = redis.call('ZPOPMIN', index)[1]
  if not oldest then break end
  redis.call('DEL', prefix .. string.match(oldest, '^(.*):%d+$'))
  sum = sum - bytesOf(oldest)
end

redis.call('SET', total, sum, 'PX', ttl)
redis.call('PEXPIRE', index, ttl)
`;
