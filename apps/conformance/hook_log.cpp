#include "apps/conformance/hook_log.hpp"

#include <utility>

namespace swill::conformance {

namespace {

/// The connection's token, empty when it wants no log. Read from the query once, then part of the connection's state.
struct log_token {
  std::optional<std::string> text;
};

const std::string& token_of(connection& c) {
  auto& token = c.state<log_token>().text;
  if (!token) token = c.argument("log").value_or("");
  return *token;
}

} // namespace

void hook_log::append(connection& c, std::string_view hook) {
  if (const std::string& token = token_of(c); !token.empty()) append(token, {std::string{hook}, {}, {}, {}});
}

void hook_log::append(const context& c, std::string_view hook, value detail) {
  const std::string& token = token_of(c.connection());
  if (!token.empty()) append(token, {std::string{hook}, std::string{c.rpc()}, c.seq(), std::move(detail)});
}

void hook_log::append(const std::string& token, entry e) {
  const std::lock_guard lock{mutex_};
  const auto [log, is_new] = logs_.try_emplace(token);
  log->second.push_back(std::move(e));
  if (!is_new) return;
  tokens_.push_back(token);
  if (tokens_.size() <= kept_tokens) return;
  logs_.erase(tokens_.front());
  tokens_.pop_front();
}

std::vector<hook_log::entry> hook_log::entries(const std::string& token) const {
  const std::lock_guard lock{mutex_};
  const auto log = logs_.find(token);
  return log == logs_.end() ? std::vector<entry>{} : log->second;
}

std::size_t hook_log::size(const std::string& token) const {
  const std::lock_guard lock{mutex_};
  const auto log = logs_.find(token);
  return log == logs_.end() ? 0 : log->second.size();
}

} // namespace swill::conformance
