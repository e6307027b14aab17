#pragma once

#include "libswill/api/detail/http_routes.hpp"
#include "libswill/api/hooks.hpp"
#include "libswill/api/plugin.hpp"
#include "libswill/api/serving/handler.hpp"
#include "libswill/api/session.hpp"
#include "libswill/base/limits.hpp"
#include "libswill/base/log.hpp"
#include "libswill/base/text.hpp"
#include "libswill/base/value.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace swill::detail {

/// Turns an exception into the error that the client sees; empty when it is not of the type this one knows.
using exception_mapper = std::function<std::optional<error>(context&, std::exception_ptr)>;
/// Changes an error of a certain code on its way to the client.
using error_mapper = std::function<error(context&, error)>;

/// What an app or a blueprint makes of exceptions and errors before clients see them.
struct error_rules {
  std::vector<exception_mapper> exceptions;
  std::unordered_map<std::int64_t, error_mapper> errors;
  bool empty() const noexcept { return exceptions.empty() && errors.empty(); }
};

/// Whether an exception asks for the connection to be closed, which is done then.
bool is_closed_by(const std::exception_ptr& e, connection& c);

/// What takes one type of message that actors send to connections: for the room of actors to know.
class connection_mail {
public:
  connection_mail& operator=(connection_mail&&) = delete;
  virtual ~connection_mail() = default;
};

/// An app as a running server sees it: flat, immutable, shared by all threads.
class service {
public:
  const handler* find(std::string_view name) const noexcept {
    const auto it = by_name_.find(name);
    return it == by_name_.end() ? nullptr : it->second;
  }
  /// One whose hooks are complete.
  void add(std::shared_ptr<handler> h);
  const std::vector<std::shared_ptr<const handler>>& handlers() const noexcept { return handlers_; }

  /// The error that the client sees for an exception of a handler or hook. What is unforeseen is logged.
  error to_error(context& c, std::exception_ptr e) const;

  /// An error of the server's own as the app wants it seen.
  error mapped(context& c, error e) const;

  swill::limits limits;
  connection_hooks connection;
  request_hooks hooks;                          ///< the app's own, for handlers that come later
  std::vector<std::shared_ptr<plugin>> plugins; // shared with the app
  std::vector<session_provider*> sessions;      ///< of these
  std::vector<std::function<void(const swill::connection&, connection_notes&)>> describers;
  std::vector<std::shared_ptr<const connection_mail>> mail; // shared with the app
  /// Hands {name, value} to the client's inbox; false: none is open. Empty: the app has no pub/sub. On the connection's thread.
  std::function<bool(swill::connection&, std::string_view name, const value&)> push;
  http_routes http;
  error_rules errors; ///< the app's own, after those of the handler's blueprints
  log_sink log;
  bool debug = false;

private:
  template <class F>
  void for_each_rules(context& c, const F& f) const;

  std::vector<std::shared_ptr<const handler>> handlers_;
  std::unordered_map<std::string, const handler*, text_hash, std::equal_to<>> by_name_;
};

} // namespace swill::detail
