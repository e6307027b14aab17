#include "libswill/redis/script.hpp"

#include "libswill/base/digest.hpp"
#include "libswill/base/encoding.hpp"
#include "libswill/redis/detail/command.hpp"

#include <stdexcept>

namespace swill::redis {

namespace {

using name_list = std::span<const std::string_view>;

/// local epoch, ttl = ARGV[1], ARGV[2]
void add_locals(std::string& lua, const char* list, name_list names) {
  if (names.empty()) return;
  std::string left;
  std::string right;
  for (std::size_t i = 0; i < names.size(); ++i) {
    left.append(i == 0 ? "" : ", ").append(names[i]);
    right.append(i == 0 ? "" : ", ").append(list).append("[").append(std::to_string(i + 1)).append("]");
  }
  lua.append("local ").append(left).append(" = ").append(right).append("\n");
}

/// topic = KEYS[1 + i * 2], those of a group
void add_fields(std::string& lua, const char* list, name_list names, std::size_t before) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    lua.append(names[i]).append(" = ").append(list).append("[").append(std::to_string(before + i + 1));
    lua.append(" + i * ").append(std::to_string(names.size())).append("], ");
  }
}

void add_groups(std::string& lua, const detail::script_names& n) {
  const bool by_keys = n.each_arguments.empty();
  const std::size_t size = by_keys ? n.each_keys.size() : n.each_arguments.size();
  if (size == 0) return;
  const std::size_t before = by_keys ? n.keys.size() : n.arguments.size();
  lua.append("local each = {}\nfor i = 0, (#").append(by_keys ? "KEYS" : "ARGV").append(" - ");
  lua.append(std::to_string(before)).append(") / ").append(std::to_string(size)).append(" - 1 do each[i + 1] = {");
  add_fields(lua, "KEYS", n.each_keys, n.keys.size());
  add_fields(lua, "ARGV", n.each_arguments, n.arguments.size());
  lua.append("} end\n");
}

std::string with_names(const detail::script_names& n, std::string_view body) {
  std::string lua;
  add_locals(lua, "KEYS", n.keys);
  add_locals(lua, "ARGV", n.arguments);
  add_groups(lua, n);
  return lua.append(body);
}

} // namespace

script::script(const detail::script_names& names, std::string_view body, reply_check fits)
    : names_(names), source_(with_names(names, body)), fits_(fits), digest_(to_hex(sha1(source_))) {
  detail::append_argument(by_digest_, "EVALSHA");
  detail::append_argument(by_digest_, digest_);
}

script_values::script_values(const script& s)
    : script_(&s), keys_(s.names().keys.size()), arguments_(s.names().arguments.size()) {
  text_.reserve(256); // enough for the keys and numbers of most
}

void script_values::add_group() {
  keys_.resize(keys_.size() + script_->names().each_keys.size());
  arguments_.resize(arguments_.size() + script_->names().each_arguments.size());
}

void script_values::append_to(std::string& command) const {
  const detail::script_names& n = script_->names();
  detail::append_argument(command, std::to_string(keys_.size()));
  append_to(command, keys_, n.keys, n.each_keys);
  append_to(command, arguments_, n.arguments, n.each_arguments);
}

void script_values::append_to(std::string& command, const std::vector<range>& values, name_list names,
                              name_list each) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const range& v = values[i];
    if (v.begin == std::string::npos) {
      const std::string_view name = i < names.size() ? names[i] : each[(i - names.size()) % each.size()];
      throw std::logic_error{"a script is run without its " + std::string{name}};
    }
    detail::append_argument(command, std::string_view{text_}.substr(v.begin, v.size));
  }
}

std::vector<std::string> access_check(const std::vector<std::vector<std::string>>& commands) {
  // ARGV: for each command how many words it has, and these.
  static const std::string source = R"lua(
local missing, why, i = {}, '', 1
while i <= #ARGV do
  local n, words = tonumber(ARGV[i]), {}
  for w = 1, n do words[w] = ARGV[i + w] end
  i = i + n + 1
  local r = redis.pcall(unpack(words))
  if type(r) == 'table' and r.err then
    for _, word in ipairs({'READONLY', 'MASTERDOWN', 'NOREPLICAS', 'LOADING', 'CLUSTERDOWN'}) do
      if string.find(r.err, word, 1, true) then return redis.error_reply(word .. ' this Redis is of no use now') end
    end
    if not string.find(r.err, 'MISCONF', 1, true) and not string.find(r.err, 'OOM ', 1, true) then
      if not missing[words[1]] then missing[#missing + 1] = words[1] end
      missing[words[1]] = true
      if why == '' then why = string.gsub(r.err, '[\r\n]', ' ') end
    end
  end
end
if #missing == 0 then return 1 end
return redis.error_reply('NOPERM its user may not use ' .. table.concat(missing, ', ') .. ' (' .. why .. ')')
)lua";
  std::vector<std::string> all{"EVAL", source, "0"};
  for (const auto& words : commands) {
    all.push_back(std::to_string(words.size()));
    all.insert(all.end(), words.begin(), words.end());
  }
  return all;
}

} // namespace swill::redis
