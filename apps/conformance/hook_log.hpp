#pragma once

#include "libswill/api/context.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace swill::conformance {

/// The connection's token, empty when it wants no log. Read from the query once, then part of the connection's state.
struct log_token {
  std::optional<std::string> text;
};

/// What the hooks of connections opened with `?log=TOKEN` did, by token; the oldest tokens are forgotten. Any thread may use it: a
/// mutex rather than an actor, because a hook's first act must be done when its second begins, without a wait in between.
class hook_log {
public:
  /// Hook, rpc, seq, detail.
  using entry = std::tuple<std::string, std::optional<std::string>, std::optional<std::uint64_t>, value>;

  void append(connection& c, std::string_view hook) {
    if (const std::string& token = token_of(c); !token.empty()) append(token, {std::string{hook}, {}, {}, {}});
  }
  void append(const context& c, std::string_view hook, value detail = {}) {
    const std::string& token = token_of(c.connection());
    if (!token.empty()) append(token, {std::string{hook}, std::string{c.rpc()}, c.seq(), std::move(detail)});
  }
  std::vector<entry> entries(const std::string& token) const {
    const std::lock_guard lock{mutex_};
    const auto log = logs_.find(token);
    return log == logs_.end() ? std::vector<entry>{} : log->second;
  }
  std::size_t size(const std::string& token) const {
    const std::lock_guard lock{mutex_};
    const auto log = logs_.find(token);
    return log == logs_.end() ? 0 : log->second.size();
  }

private:
  static constexpr std::size_t kept_tokens = 4096;

  static const std::string& token_of(connection& c) {
    auto& token = c.state<log_token>().text;
    if (!token) token = c.argument("log").value_or("");
    return *token;
  }
  void append(const std::string& token, entry e) {
    const std::lock_guard lock{mutex_};
    const auto [log, is_new] = logs_.try_emplace(token);
    log->second.push_back(std::move(e));
    if (!is_new) return;
    tokens_.push_back(token);
    if (tokens_.size() <= kept_tokens) return;
    logs_.erase(tokens_.front());
    tokens_.pop_front();
  }

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<entry>> logs_;
  std::deque<std::string> tokens_; // the oldest first
};

/// Appends `handler.end` when the handler that holds it is left, in whatever way.
class end_of_handler {
public:
  end_of_handler(hook_log& log, const context& c) : log_(log), context_(c) {}
  end_of_handler& operator=(end_of_handler&&) = delete;
  ~end_of_handler() { log_.append(context_, "handler.end"); }

private:
  hook_log& log_;
  const context& context_;
};

} // namespace swill::conformance
