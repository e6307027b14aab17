#include "sessions/redis/scripts.hpp"

namespace swill::session_scripts {

namespace {

using redis::reply_view;

bool is_outcome(const reply_view& r) noexcept {
  return r.is_integer() && (r.integer() == 1 || r.integer() == -1 || r.integer() == -2);
}
/// Of a script that merges: the session as it is then, or why nothing has happened.
bool is_merge_outcome(const reply_view& r) noexcept {
  return r.is_text() || is_outcome(r) || (r.is_integer() && (r.integer() == -3 || r.integer() == -4));
}
bool is_list_of_pairs(const reply_view& r) noexcept { return redis::is_list_of_texts(r) && r.size() % 2 == 0; }

/// A script with `store(key, value, ttl)`; its ttl is in ms, or "0".
std::string with_store(const char* script) {
  return std::string{R"lua(
local function store(key, value, ttl)
  if ttl == '0' then return redis.call('SET', key, value) end
  return redis.call('SET', key, value, 'PX', ttl)
end
)lua"} + script;
}

/// A script with functions that change some of the values of a stored session `s`. `read(s, p)` passes the MessagePack value at p and gives
/// where the next one begins. `merge(s)` gives the values with the changes that are in `each`, and where in s its values
/// begin; or nil, and what the script has to answer. It looks at each element of the session once, as a `skip` does, and
/// runs only when two requests have changed one session.
std::string with_merge(const char* script) {
  return with_store(R"lua(
local byte, sub, char = string.byte, string.sub, string.char
local fixed = {[0xc0] = 0, [0xc2] = 0, [0xc3] = 0, [0xca] = 4, [0xcb] = 8, [0xcc] = 1, [0xcd] = 2, [0xce] = 4, [0xcf] = 8,
  [0xd0] = 1, [0xd1] = 2, [0xd2] = 4, [0xd3] = 8, [0xd4] = 2, [0xd5] = 3, [0xd6] = 5, [0xd7] = 9, [0xd8] = 17}
local sized = {[0xc4] = 1, [0xc5] = 2, [0xc6] = 4, [0xc7] = 1, [0xc8] = 2, [0xc9] = 4, [0xd9] = 1, [0xda] = 2, [0xdb] = 4}
local counted = {[0xdc] = 2, [0xdd] = 4, [0xde] = 2, [0xdf] = 4}
local function number(s, p, size)
  local n = 0
  for i = p, p + size - 1 do n = n * 256 + byte(s, i) end
  return n
end
local function read(s, p)
  local left = 1
  while left > 0 do
    local c = byte(s, p)
    p = p + 1
    left = left - 1
    if c < 0x80 or c >= 0xe0 then
    elseif c < 0x90 then left = left + 2 * (c - 0x80)
    elseif c < 0xa0 then left = left + c - 0x90
    elseif c < 0xc0 then p = p + c - 0xa0
    elseif fixed[c] then p = p + fixed[c]
    elseif sized[c] then
      local n = number(s, p, sized[c])
      if c >= 0xc7 and c <= 0xc9 then n = n + 1 end
      p = p + sized[c] + n
    else
      local n = number(s, p, counted[c])
      if c >= 0xde then n = n * 2 end
      left = left + n
      p = p + counted[c]
    end
  end
  return p
end
local function read_map(s, p)
  if p > #s then return 0, p end
  local c = byte(s, p)
  if c < 0x90 then return c - 0x80, p + 1 end
  return number(s, p + 1, counted[c]), p + 1 + counted[c]
end
local function map_of(parts)
  local n = #parts
  local head
  if n < 16 then
    head = char(0x80 + n)
  elseif n < 65536 then
    head = char(0xde, math.floor(n / 256), n % 256)
  else
    head = char(0xdf, math.floor(n / 16777216), math.floor(n / 65536) % 256, math.floor(n / 256) % 256, n % 256)
  end
  return head .. table.concat(parts)
end
local function merge(s)
  local changes = {}
  for _, change in ipairs(each) do changes[change.name] = change end
  local values_at = read(s, read(s, read(s, 33)))
  local n, p = read_map(s, values_at)
  local parts = {}
  for _ = 1, n do
    local value_at = read(s, p)
    local next_at = read(s, value_at)
    local name = sub(s, p, value_at - 1)
    local change = changes[name]
    if change == nil then
      parts[#parts + 1] = sub(s, p, next_at - 1)
    else
      if sub(s, value_at, next_at - 1) ~= change.before then return nil, -2 end
      if change.after ~= '' then parts[#parts + 1] = name .. change.after end
      changes[name] = nil
    end
    p = next_at
  end
  for _, change in ipairs(each) do
    if changes[change.name] then
      if change.before ~= '' then return nil, -2 end
      if change.after ~= '' then parts[#parts + 1] = change.name .. change.after end
    end
  end
  if #parts > tonumber(most_values) then return nil, -3 end
  local values = map_of(parts)
  if #values > tonumber(most_bytes) then return nil, -4 end
  return values, values_at
end
local function created_of(s)
  local c = byte(s, 33)
  if c < 0x80 then return c end
  return number(s, 34, fixed[c])
end
local function next_version(s)
  return string.format('%016x', tonumber(sub(s, 1, 16), 16) + 1)
end
)lua") + script;
}

} // namespace

const redis::script_of<save_names> save{with_store(R"lua(
local stored = redis.call('GETRANGE', session, 0, 15)
if stored ~= version then
  if stored == '' then return -1 end
  return -2
end
store(session, value, ttl)
return 1
)lua"),
                                        is_outcome};

const redis::script_of<merge_names> merge{with_merge(R"lua(
local stored = redis.call('GET', session)
if not stored then return -1 end
local values, at = merge(stored)
if not values then return at end
local value = next_version(stored) .. seen .. sub(stored, 33, at - 1) .. values
local left = tonumber(idle)
if absolute ~= '0' then
  local rest = created_of(stored) + tonumber(absolute) - tonumber(now)
  if rest < 1 then rest = 1 end
  if left == 0 or rest < left then left = rest end
end
store(session, value, string.format('%.0f', left))
return value
)lua"),
                                          is_merge_outcome};

const redis::script_of<touch_names> touch{R"lua(
if redis.call('EXISTS', session) == 0 then return 0 end
redis.call('SETRANGE', session, 16, seen)
if ttl ~= '0' then redis.call('PEXPIRE', session, ttl) end
return 1
)lua",
                                          redis::is_number};

const redis::script_of<rotate_names> rotate{with_merge(R"lua(
local stored = redis.call('GET', old_session)
if not stored and version ~= '' then return -1 end
if redis.call('EXISTS', session) == 1 then return -2 end
local value = head .. values
local answer = 1
if stored and sub(stored, 1, 16) ~= version then
  local merged, why = merge(stored)
  if not merged then return why end
  value = next_version(stored) .. sub(head, 17) .. merged
  answer = value
end
store(session, value, ttl)
redis.call('DEL', old_session)
if old_index ~= '' then redis.call('ZREM', old_index, old_id) end
if index == '' then return answer end
redis.call('ZADD', index, now, id)
local surplus = redis.call('ZCARD', index) - tonumber(most_sessions)
if surplus > 0 then
  for _, other in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    if redis.call('EXISTS', sessions .. other) == 0 then
      redis.call('ZREM', index, other)
      surplus = surplus - 1
    end
  end
end
if surplus > 0 then
  for _, other in ipairs(redis.call('ZRANGE', index, 0, surplus)) do
    if surplus > 0 and other ~= id then
      redis.call('DEL', sessions .. other)
      redis.call('ZREM', index, other)
      surplus = surplus - 1
    end
  end
end
if absolute == '0' then
  redis.call('PERSIST', index)
else
  redis.call('PEXPIRE', index, absolute)
end
return answer
)lua"),
                                            is_merge_outcome};

const redis::script_of<destroy_names> destroy{R"lua(
if index ~= '' then redis.call('ZREM', index, id) end
return redis.call('DEL', session)
)lua",
                                              redis::is_number};

const redis::script_of<destroy_user_names> destroy_user{R"lua(
local ended = 0
for _, id in ipairs(redis.call('ZRANGE', index, 0, -1)) do
  ended = ended + redis.call('DEL', sessions .. id)
end
redis.call('DEL', index)
return ended
)lua",
                                                        redis::is_number};

const redis::script_of<list_names> list{R"lua(
local found = {}
for _, id in ipairs(redis.call('ZRANGE', index, 0, -1)) do
  local stored = redis.call('GET', sessions .. id)
  if stored then
    found[#found + 1] = id
    found[#found + 1] = stored
  else
    redis.call('ZREM', index, id)
  end
end
return found
)lua",
                                        is_list_of_pairs};

std::vector<std::string> access_check(const std::string& prefix) {
  const std::string s = prefix + "s:"; // no session has an empty id
  const std::string u = prefix + "u:";
  return redis::access_check({{"PEXPIRE", s, "1"},
                              {"GET", s},
                              {"GETRANGE", s, "0", "0"},
                              {"EXISTS", s},
                              {"SET", s, "", "XX", "PX", "1"},
                              {"SETRANGE", s, "0", ""},
                              {"DEL", s},
                              {"PERSIST", u},
                              {"PEXPIRE", u, "1"},
                              {"ZADD", u, "XX", "0", ""},
                              {"ZREM", u, ""},
                              {"ZCARD", u},
                              {"ZRANGE", u, "0", "0"}});
}

} // namespace swill::session_scripts
