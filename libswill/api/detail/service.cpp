#include "libswill/api/detail/service.hpp"

#include "libswill/api/context.hpp"
#include "libswill/api/detail/call.hpp"
#include "libswill/base/trace.hpp"

namespace swill::detail {

void service::add(std::shared_ptr<const handler> h) {
  by_name_.emplace(h->name, h.get());
  handlers_.push_back(std::move(h));
}

namespace {

error unforeseen(context& c, std::exception_ptr e, bool debug) {
  const std::string text = describe_exception(e);
  c.call().log_failure("unforeseen", "unforeseen " + text);
  error out{error_code::internal_error, "An internal server error occurred"};
  if (debug) out.data = value::map({{"traceback", cut_text(text, 16 * 1024)}});
  return out;
}

} // namespace

error service::mapped(context& c, error e) const {
  const auto it = errors.find(e.code);
  if (it == errors.end()) return e;
  try {
    return it->second(c, std::move(e));
  } catch (...) {
    return unforeseen(c, std::current_exception(), debug);
  }
}

error service::to_error(context& c, std::exception_ptr e) const {
  std::optional<error> out;
  try {
    for (const auto& mapper : exceptions) {
      if ((out = mapper(c, e))) break;
    }
    if (!out) {
      try {
        std::rethrow_exception(e);
      } catch (const error& known) {
        out = known;
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
