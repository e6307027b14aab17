#include "libswill/redis/reply.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>

namespace swill::redis {

namespace {
const redisReply& as_reply(const void* native) noexcept { return *static_cast<const redisReply*>(native); }
} // namespace

reply_view::kind reply_view::type() const noexcept {
  if (native_ == nullptr) return kind::nil;
  switch (as_reply(native_).type) {
    case REDIS_REPLY_INTEGER: return kind::integer;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS: return kind::text;
    case REDIS_REPLY_ARRAY: return kind::array;
    case REDIS_REPLY_ERROR: return kind::error;
    default: return kind::nil; // we speak RESP2, which has no others
  }
}

std::int64_t reply_view::integer() const noexcept { return is_integer() ? as_reply(native_).integer : 0; }

std::string_view reply_view::text() const noexcept {
  if (!is_text() && !is_error()) return {};
  return {as_reply(native_).str, static_cast<std::size_t>(as_reply(native_).len)};
}

std::size_t reply_view::size() const noexcept {
  return is_array() ? static_cast<std::size_t>(as_reply(native_).elements) : 0;
}

reply_view reply_view::operator[](std::size_t i) const noexcept {
  return i < size() ? reply_view{as_reply(native_).element[i]} : reply_view{};
}

reply::~reply() {
  if (native_ != nullptr) freeReplyObject(const_cast<void*>(native_));
}

bool is_number(const reply_view& r) noexcept { return r.is_integer(); }
bool is_text_or_nil(const reply_view& r) noexcept { return r.is_text() || r.is_nil(); }
bool is_list_of_texts(const reply_view& r) noexcept {
  if (!r.is_array()) return false;
  for (std::size_t i = 0; i < r.size(); ++i) {
    if (!r[i].is_text()) return false;
  }
  return true;
}

error refused(std::string_view text) {
  static constexpr std::array<std::string_view, 9> passing{
      "LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "NOREPLICAS", "OOM"};
  const std::string word = refusal_word(text);
  error e = errors::unavailable("Redis cannot do this now");
  if (std::find(passing.begin(), passing.end(), word) == passing.end())
    e = error{error_code::internal_error, "Redis refused a command", value::map({})};
  e.data.set("redis", text);
  return e;
}

std::string refusal_word(std::string_view text) {
  // What its user may not do in a script has no word of its own: Redis 6 and 7.0, and later ones.
  for (const std::string_view words : {"The user executing the script can't", "ACL failure in script"}) {
    if (text.find(words) != std::string_view::npos) return "NOPERM";
  }
  const std::string_view first = text.substr(0, text.find(' '));
  // Redis 6: "ERR Error running script (call to f_…): @user_script:7: -READONLY You can't write …".
  const std::size_t inner = text.find(": -");
  if (first != "ERR" || inner == std::string_view::npos) return std::string{first};
  text.remove_prefix(inner + 3);
  return std::string{text.substr(0, text.find(' '))};
}

bool is_wrong_server(std::string_view word) noexcept {
  static constexpr std::array<std::string_view, 6> wrong{"READONLY",   "MASTERDOWN",  "LOADING",
                                                         "NOREPLICAS", "CLUSTERDOWN", "NOAUTH"};
  return std::find(wrong.begin(), wrong.end(), word) != wrong.end();
}

} // namespace swill::redis
