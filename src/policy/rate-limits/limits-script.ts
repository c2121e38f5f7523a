/**
 * Checks all limits of one request in one Redis call, as memory-limiter.ts does. The algorithms equal those of `algorithms/`,
 * number by number.
 *
 * KEYS     one meter per check
 * ARGV[1]  the time in milliseconds since 1970; '' for the server's clock
 * ARGV     then for each check: its part (0 for the request as a whole), algorithm (0 to 3, as in `ALGORITHMS`),
 *          limit, window in milliseconds, capacity, weight
 * Returns  for each check: allowed (1 or 0; -1: not checked), remaining, reset, retry and delay in milliseconds
 *
 * A meter is the text `LEVEL PREVIOUS AT`. It expires when it would be empty. With a given time it does not expire, since keys
 * expire by the server's clock.
 */
export const LIMITS_SCRIPT = /* lua */ `
local now = tonumber(ARGV[1])
local given = now ~= nil
if not given then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function bucket(c, m, weight)
  local at = m and math.max(m.at, now) or now
  local before = m and math.max(0, m.level - (at - m.at) * c.limit) or 0
  local full = c.capacity * c.window
  local after = before + weight * c.window
  local d = { allowed = after <= full, retry = 0, delay = 0, previous = 0, at = at }
  d.level = d.allowed and after or before
  d.remaining = math.max(0, math.floor((full - d.level) / c.window))
  d.reset = math.ceil(d.level / c.limit)
  if not d.allowed then d.retry = weight > c.capacity and -1 or math.ceil((after - full) / c.limit) end
  if c.algorithm == 3 and d.allowed then d.delay = math.ceil(before / c.limit) + at - now end
  return d
end

local function fixed(c, m, weight)
  local at = math.max(m and m.at or 0, now - now % c.window)
  local left = at + c.window - math.max(at, now)
  local before = m and m.at == at and m.level or 0
  local d = { allowed = before + weight <= c.limit, retry = 0, delay = 0, previous = 0, at = at }
  d.level = d.allowed and before + weight or before
  d.remaining = math.max(0, c.limit - d.level)
  d.reset = d.level == 0 and 0 or left
  if not d.allowed then d.retry = weight > c.limit and -1 or left end
  return d
end

local function fades(count, room, window)
  return math.max(0, math.ceil((count - room) * window / count))
end

local function sliding(c, m, weight)
  local at = math.max(m and m.at or 0, now - now % c.window)
  local into = math.max(at, now) - at
  local left = c.window - into
  local current, previous = 0, 0
  if m and m.at == at then
    current, previous = m.level, m.previous
  elseif m and m.at == at - c.window then
    previous = m.level
  end
  local used = previous * left + current * c.window
  local full = c.limit * c.window
  local d = { allowed = used + weight * c.window <= full, retry = 0, delay = 0, previous = previous, at = at }
  d.level = d.allowed and current + weight or current
  d.remaining = math.max(0, math.floor((full - used) / c.window) - (d.allowed and weight or 0))
  d.reset = d.level > 0 and left + c.window or previous > 0 and left or 0
  if not d.allowed then
    if weight > c.limit then d.retry = -1
    elseif current + weight <= c.limit then d.retry = fades(previous, c.limit - current - weight, c.window) - into
    else d.retry = left + fades(current, c.limit - weight, c.window) end
  end
  return d
end

local algorithms = { [0] = bucket, [1] = sliding, [2] = fixed, [3] = bucket }

local function read(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local level, previous, at = string.match(text, '^(%d+) (%d+) (%d+)$')
  return { level = tonumber(level), previous = tonumber(previous), at = tonumber(at) }
end

local replies = {}
local function reply(i, allowed, d)
  local base = (i - 1) * 5
  replies[base + 1], replies[base + 2], replies[base + 3] = allowed, d.remaining, d.reset
  replies[base + 4], replies[base + 5] = d.retry, d.delay
end

local function take(first, last)
  local all, checks, meters, decisions = true, {}, {}, {}
  for i = first, last do
    local base = 1 + (i - 1) * 6
    local c = {
      algorithm = tonumber(ARGV[base + 2]), limit = tonumber(ARGV[base + 3]), window = tonumber(ARGV[base + 4]),
      capacity = tonumber(ARGV[base + 5]), weight = tonumber(ARGV[base + 6]),
    }
    checks[i], meters[i] = c, read(KEYS[i])
    decisions[i] = algorithms[c.algorithm](c, meters[i], c.weight)
    all = all and decisions[i].allowed
  end
  for i = first, last do
    local c, d = checks[i], decisions[i]
    if all then
      if d.level > 0 or d.previous > 0 then
        local text = string.format('%.0f %.0f %.0f', d.level, d.previous, d.at)
        if given then redis.call('SET', KEYS[i], text)
        else redis.call('SET', KEYS[i], text, 'PX', math.max(1, d.reset + d.at - math.min(d.at, now))) end
      end
    elseif d.allowed then
      d = algorithms[c.algorithm](c, meters[i], 0)
    end
    reply(i, d.allowed and 1 or 0, d)
  end
  return all
end

local untouched = { remaining = 0, reset = 0, retry = 0, delay = 0 }
local served, first = true, 1
while first <= #KEYS do
  local part = ARGV[1 + (first - 1) * 6 + 1]
  local last = first
  while last < #KEYS and ARGV[1 + last * 6 + 1] == part do last = last + 1 end
  if served then
    local all = take(first, last)
    if part == '0' then served = all end
  else
    for i = first, last do reply(i, -1, untouched) end
  end
  first = last + 1
end
return replies
`;
