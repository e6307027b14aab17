#include "pubsub/redis/scripts.hpp"

#include "pubsub/redis/redis_broker_impl.hpp"

namespace swill::detail {

namespace {

using redis::reply_view;

bool is_count(const reply_view& r) noexcept { return r.is_text() && number_of(r.text()) != 0; }

/// {epoch, offset}, and perhaps something more.
bool is_publish_reply(const reply_view& r) noexcept {
  return is_list_of_texts(r) && (r.size() == 2 || r.size() == 3) && is_count(r[0]) && is_count(r[1]);
}
/// {epoch, place, last}
bool is_look_reply(const reply_view& r) noexcept { return is_list_of_texts(r) && r.size() == 3 && is_count(r[0]); }
/// {epoch, offset, more, place, message, …}
bool is_history_reply(const reply_view& r) noexcept {
  return is_list_of_texts(r) && r.size() >= 3 && r.size() % 2 == 1 && is_count(r[0]);
}
/// {epoch, offset, …}
bool is_check_reply(const reply_view& r) noexcept { return is_list_of_texts(r) && r.size() % 2 == 0; }
/// {1 or 0, "node name", …}
bool is_beat_reply(const reply_view& r) noexcept {
  if (!r[0].is_integer()) return false;
  for (std::size_t i = 1; i < r.size(); ++i) {
    if (!r[i].is_text()) return false;
  }
  return true;
}

/// What the scripts share.
const std::string common = R"lua(
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function text(n) return string.format('%.0f', n) end
-- Epoch and offset of a topic; false, when it is not there. Messages were handed out up to known_e and known_o; where Redis has lost some
-- since, their offsets must not be given again: the topic is gone.
local function look(meta, stream, known_e, known_o)
  local known = redis.call('HMGET', meta, 'e', 'o')
  local e, o = known[1], known[2]
  if e and e == known_e and tonumber(o) < tonumber(known_o) then
    redis.call('DEL', meta, stream)
    return false, false, true
  end
  return e, o, false
end
-- The same, and it is there; it lives for ttl, or for brief as long as it never had a message.
local function ensure(meta, stream, epoch, ttl, brief, known_e, known_o)
  local e, o = look(meta, stream, known_e, known_o)
  if not e then
    e, o = epoch, '0'
    -- First: without memory Redis refuses this, but lets a script that has written go on.
    redis.call('HSET', meta, 'e', e, 'o', o)
    redis.call('DEL', stream)
  end
  redis.call('PEXPIRE', meta, o == '0' and brief or ttl)
  return e, o
end
local function forget_old(stream, age, time)
  local oldest = time - age
  local count = 1
  while true do
    local some = redis.call('XRANGE', stream, '-', '+', 'COUNT', count)
    for _, entry in ipairs(some) do
      if tonumber(entry[2][2]) > oldest then return end
      redis.call('XDEL', stream, entry[1])
    end
    if #some < count then return end
    count = 16
  end
end
-- For scripts with append_arguments.
local untraced = {}
local function append(meta, stream, channel, data, trace)
  local time = now()
  local known = redis.call('HMGET', meta, 'e', 'x')
  local e, due = known[1], tonumber(known[2] or 0)
  if not e then e = ensure(meta, stream, new_epoch, ttl, ttl, '', '0') end
  local n = redis.call('HINCRBY', meta, 'o', 1)
  local o = text(n)
  local place = trace and o .. '/' .. trace or o
  local traced = trace and {'w', place} or untraced
  if history_length ~= '0' then
    -- From 100 on by whole nodes of the stream, which costs half as much: who reads it leaves out what is too much.
    local how = #history_length > 2 and '~' or '='
    redis.call('XADD', stream, 'MAXLEN', how, history_length, o .. '-0', 't', text(time), 'd', data, unpack(traced))
    if n % 16 == 0 then forget_old(stream, history_age, time) end
  end
  if time >= due then
    -- Not each time: keys live on for so much longer that the next time is early enough.
    redis.call('PEXPIRE', meta, ttl)
    redis.call('PEXPIRE', stream, history_age + grace)
    redis.call('HSET', meta, 'x', text(time + grace))
  end
  if retains == '1' then redis.call('HSET', meta, 'l', data, unpack(traced)) end
  redis.call('PUBLISH', channel, e .. ' ' .. place .. ' ' .. data)
  return {e, o}
end
)lua";

} // namespace

const redis::script_of<publish_names> publish_script{common + R"lua(
if key_age ~= '' then
  local known = redis.call('GET', before)
  if known then
    local e, o = string.match(known, '(%d+) (%d+)')
    return {e, o, 'before'}
  end
end
local at = append(meta, stream, channel, data, trace ~= '' and trace)
if key_age ~= '' then redis.call('SET', before, at[1] .. ' ' .. at[2], 'PX', key_age) end
return at
)lua",
                                                     is_publish_reply};

const redis::script_of<look_names> look_script{common + R"lua(
local e, o = ensure(meta, stream, new_epoch, ttl, brief_ttl, known_epoch, known_offset)
local kept = redis.call('HMGET', meta, 'l', 'w')
local traced = kept[2] and string.match(kept[2], '^%d+') == o -- else it is of an earlier message
return {e, traced and kept[2] or o, kept[1] or ''}
)lua",
                                               is_look_reply};

const redis::script_of<history_names> history_script{common + R"lua(
local e, o = ensure(meta, stream, new_epoch, ttl, brief_ttl, known_epoch, known_offset)
if e == since_epoch and tonumber(since_offset) > tonumber(o) and believed_for ~= '0' then
  -- Once in that time: who is told the new epoch may say so again.
  local before, time = redis.call('HGET', meta, 'r'), now()
  if not before or time - before > tonumber(believed_for) then
    redis.call('DEL', meta, stream)
    e, o = epoch_after, '0'
    redis.call('HSET', meta, 'e', e, 'o', o, 'r', text(time))
    redis.call('PEXPIRE', meta, ttl)
  end
end
local from = 1
if e == since_epoch then from = math.min(tonumber(since_offset), o) + 1 end
from = math.max(from, o - history_length + 1)
forget_old(stream, history_age, now())
local some = redis.call('XRANGE', stream, text(from) .. '-0', '+', 'COUNT', limit)
local out = {e, o, '0'}
local last = o
for _, entry in ipairs(some) do
  last = string.match(entry[1], '^%d+')
  out[#out + 1] = entry[2][6] or last
  out[#out + 1] = entry[2][4]
end
if last ~= o then out[3] = '1' end
return out
)lua",
                                                     is_history_reply};

const redis::script_of<check_names> check_script{common + R"lua(
local out = {}
for _, topic in ipairs(each) do
  local meta, stream = topic.meta, topic.stream
  local e, o, lost = look(meta, stream, topic.known_epoch, topic.known_offset)
  if lost or topic.makes == '1' then
    -- Begun anew also where nobody listens: a node that knows nothing of it might go on with the old epoch.
    e, o = ensure(meta, stream, topic.new_epoch, topic.ttl, lost and topic.ttl or topic.brief_ttl, '', '0')
  end
  out[#out + 1] = e or '0'
  out[#out + 1] = e and o or '0'
end
return out
)lua",
                                                 is_check_reply};

const redis::script_of<enter_names> enter_script{common + R"lua(
local before = redis.call('HGET', present, id)
if not before and redis.call('HLEN', present) >= tonumber(most) then return 0 end
redis.call('ZADD', nodes, 'NX', text(now()), node) -- so that it is found when its node never beats again
redis.call('HSET', present, id, node .. ' ' .. member)
if not before or string.match(before, '^%S+') ~= node then redis.call('HINCRBY', present_of_node, topic, 1) end
if not before and redis.call('HGET', meta, 'e') then append(meta, stream, channel, event .. member) end
return 1
)lua",
                                                 redis::is_number};

const redis::script_of<leave_names> leave_script{common + R"lua(
local before = redis.call('HGET', present, id)
if not before then return 0 end
local owner, member = string.match(before, '^(%S+) (.*)$')
if owner ~= node then return 0 end
redis.call('HDEL', present, id)
if redis.call('HINCRBY', present_of_node, topic, -1) <= 0 then redis.call('HDEL', present_of_node, topic) end
if redis.call('HGET', meta, 'e') then append(meta, stream, channel, event .. member) end
return 1
)lua",
                                                 redis::is_number};

const redis::script_of<members_names> members_script{common + R"lua(
local alive = {}
for _, node in ipairs(redis.call('ZRANGEBYSCORE', nodes, text(now() - tonumber(lease)), '+inf')) do
  alive[node] = true
end
local all = redis.call('HGETALL', present)
local out = {}
for i = 2, #all, 2 do
  local owner, member = string.match(all[i], '^(%S+) (.*)$')
  if alive[owner] then out[#out + 1] = member end
end
return out
)lua",
                                                     redis::is_list_of_texts};

const redis::script_of<beat_names> beat_script{common + R"lua(
local time = now()
local has_beaten = redis.call('HSET', prefix .. 'n:' .. me, '', '=' .. name) == 0
local out = {has_beaten and redis.call('ZSCORE', nodes, me) and 1 or 0}
redis.call('ZADD', nodes, text(time), me)
local gone = redis.call('ZRANGEBYSCORE', nodes, '-inf', '(' .. text(time - tonumber(lease)))
if leaves == '1' then gone[#gone + 1] = me end
if out[1] == 0 or #gone > 0 then redis.call('PUBLISH', prefix .. 'node:', me .. ' 0 ') end
for _, node in ipairs(gone) do
  redis.call('ZREM', nodes, node)
  local topics = prefix .. 'n:' .. node
  for _, topic in ipairs(redis.call('HKEYS', topics)) do
    local present = prefix .. 'p:' .. topic
    local all = redis.call('HGETALL', present)
    for i = 1, #all, 2 do
      local owner, member = string.match(all[i + 1], '^(%S+) (.*)$')
      if owner == node then
        redis.call('HDEL', present, all[i])
        local events = '$presence.' .. topic
        local meta = prefix .. 't:' .. events
        if redis.call('HGET', meta, 'e') then
          append(meta, prefix .. 'h:' .. events, channels .. events, event .. member)
        end
      end
    end
  end
  redis.call('DEL', topics)
end
for _, node in ipairs(redis.call('ZRANGE', nodes, 0, -1)) do
  local its = redis.call('HGET', prefix .. 'n:' .. node, '')
  out[#out + 1] = node .. ' ' .. (string.match(its or '', '^=(.*)$') or '')
end
return out
)lua",
                                               is_beat_reply};

std::vector<std::string> access_check(const std::string& prefix) {
  const auto key = [&prefix](const char* kind) { return prefix + kind; };
  const std::string t = key("t:"); // no topic has an empty name
  const std::string h = key("h:");
  const std::string k = key("k:");
  const std::string p = key("p:");
  const std::string n = key("n:");
  const std::string nodes = key("nodes");
  return redis::access_check({{"TIME"},
                              {"PEXPIRE", t, "1"},
                              {"HSET", t, "e", "0"},
                              {"HINCRBY", t, "o", "0"},
                              {"HGET", t, "e"},
                              {"HMGET", t, "e"},
                              {"HDEL", t, "e"},
                              {"DEL", t},
                              {"GET", k},
                              {"SET", k, "", "XX", "PX", "1"},
                              {"HGETALL", p},
                              {"HLEN", p},
                              {"HKEYS", n},
                              {"XADD", h, "NOMKSTREAM", "*", "t", "0"},
                              {"XDEL", h, "1-0"},
                              {"XRANGE", h, "-", "+", "COUNT", "1"},
                              {"ZADD", nodes, "XX", "0", ""},
                              {"ZRANGE", nodes, "0", "0"},
                              {"ZRANGEBYSCORE", nodes, "1", "0"},
                              {"ZREM", nodes, ""},
                              {"ZSCORE", nodes, ""},
                              {"PUBLISH", key("c:"), ""},
                              {"PUBLISH", key("node:-"), ""}});
}

} // namespace swill::detail
