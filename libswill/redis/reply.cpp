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

error unavailable(std::string_view why) {
  return {error_code::unavailable, std::string{why}, value::map({{"retryable", true}})};
}

error refused(std::string_view text) {
  static constexpr std::array<std::string_view, 9> passing{
      "LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "NOREPLICAS", "OOM"};
  const std::string_view word = text.substr(0, text.find(' '));
  error e = unavailable("Redis cannot do this now");
  if (std::find(passing.begin(), passing.end(), word) == passing.end())
    e = error{error_code::internal_error, "Redis refused a command", value::map({})};
  e.data.set("redis", text);
  return e;
}

bool is_refusal(const error& e, std::string_view word) noexcept {
  const value* text = e.data.find("redis");
  const auto* s = text != nullptr ? text->get_if<std::string>() : nullptr;
  return s != nullptr && s->compare(0, word.size(), word) == 0;
}

} // namespace swill::redis
