#include "libswill/api/serving/service.hpp"

#include "libswill/api/context.hpp"
#include "libswill/api/serving/call.hpp"
#include "libswill/base/trace.hpp"

namespace swill::detail {

void refuse() { throw error{error_code::forbidden, "You may not call this"}; }

bool is_closed_by(const std::exception_ptr& e, connection& c) {
  try {
    std::rethrow_exception(e);
  } catch (const close_connection& how) {
    c.close(how.code, how.reason);
    return true;
  } catch (...) {
    return false;
  }
}

void service::add(std::shared_ptr<handler> h) {
  h->choose_way();
  by_name_.emplace(h->name, h.get());
  handlers_.push_back(std::move(h));
}

namespace {

error unforeseen(context& c, std::exception_ptr e, bool debug) {
  c.call().log_failure("unforeseen", log_limiter::of_exception("unforeseen ", e));
  error out = errors::internal();
  if (debug) out.data = value::map({{"traceback", cut_text(describe_exception(e), 16 * 1024)}});
  return out;
}

} // namespace

/// Calls f with the rules of the handler's blueprints, from the innermost, then with the app's; until f says true.
template <class F>
void service::for_each_rules(context& c, const F& f) const {
  if (c.call().is_open()) {
    for (const auto& r : c.call().target().errors) {
      if (f(*r)) return;
    }
  }
  f(errors);
}

error service::mapped(context& c, error e) const {
  try {
    for_each_rules(c, [&](const error_rules& r) {
      const auto it = r.errors.find(e.code);
      if (it != r.errors.end()) e = it->second(c, std::move(e));
      return false;
    });
    return e;
  } catch (...) {
    return unforeseen(c, std::current_exception(), debug);
  }
}

error service::to_error(context& c, std::exception_ptr e) const {
  std::optional<error> out;
  try {
    for_each_rules(c, [&](const error_rules& r) {
      for (const auto& mapper : r.exceptions) {
        if ((out = mapper(c, e))) return true;
      }
      return false;
    });
    if (!out) {
      try {
        std::rethrow_exception(e);
      } catch (const error& known) {
        out = known;
      } catch (const rejection& r) {
        out = r.to_error();
      } catch (const cancelled&) {
        out = error{error_code::cancelled, "cancelled"};
      } catch (...) {
        out = unforeseen(c, e, debug);
      }
    }
    out = mapped(c, std::move(*out));
  } catch (...) {
    out = unforeseen(c, std::current_exception(), debug);
  }
  return std::move(*out);
}

} // namespace swill::detail
