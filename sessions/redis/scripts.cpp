#include "sessions/redis/scripts.hpp"

namespace swill::session_scripts {

const redis::script& save() {
  static const redis::script s{R"lua(
local stored = redis.call('GETRANGE', KEYS[1], 0, 15)
if stored ~= ARGV[1] then
  if stored == '' then return -1 end
  return -2
end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
)lua"};
  return s;
}

const redis::script& touch() {
  static const redis::script s{R"lua(
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SETRANGE', KEYS[1], 16, ARGV[1])
if ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
)lua"};
  return s;
}

const redis::script& rotate() {
  static const redis::script s{R"lua(
local stored = redis.call('GETRANGE', KEYS[1], 0, 15)
if stored ~= ARGV[1] then
  if stored == '' then return -1 end
  return -2
end
if redis.call('EXISTS', KEYS[2]) == 1 then return -2 end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[2], ARGV[2])
else
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
end
redis.call('DEL', KEYS[1])
if KEYS[3] ~= '' then redis.call('ZREM', KEYS[3], ARGV[4]) end
local index = KEYS[4]
if index == '' then return 1 end
redis.call('ZADD', index, ARGV[6], ARGV[5])
local most = tonumber(ARGV[8])
local surplus = redis.call('ZCARD', index) - most
if surplus > 0 then
  for _, id in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    if redis.call('EXISTS', ARGV[9] .. id) == 0 then
      redis.call('ZREM', index, id)
      surplus = surplus - 1
    end
  end
end
if surplus > 0 then
  for _, id in ipairs(redis.call('ZRANGE', index, 0, surplus)) do
    if surplus > 0 and id ~= ARGV[5] then
      redis.call('DEL', ARGV[9] .. id)
      redis.call('ZREM', index, id)
      surplus = surplus - 1
    end
  end
end
if ARGV[7] == '0' then
  redis.call('PERSIST', index)
else
  redis.call('PEXPIRE', index, ARGV[7])
end
return 1
)lua"};
  return s;
}

const redis::script& destroy() {
  static const redis::script s{R"lua(
if KEYS[2] ~= '' then redis.call('ZREM', KEYS[2], ARGV[1]) end
return redis.call('DEL', KEYS[1])
)lua"};
  return s;
}

const redis::script& destroy_user() {
  static const redis::script s{R"lua(
local ended = 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  ended = ended + redis.call('DEL', ARGV[1] .. id)
end
redis.call('DEL', KEYS[1])
return ended
)lua"};
  return s;
}

const redis::script& list() {
  static const redis::script s{R"lua(
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local stored = redis.call('GET', ARGV[1] .. id)
  if stored then
    found[#found + 1] = id
    found[#found + 1] = stored
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return found
)lua"};
  return s;
}

} // namespace swill::session_scripts
