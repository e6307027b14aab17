#include "apps/conformance/handlers.hpp"
#include "apps/conformance/types.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill::conformance {

namespace {

const std::string no_utf8 = "\xc3\x28";

/// An application's own error: what derives from swill::error is sent like one.
struct conflict : error {
  conflict() : error{error_code::conflict, "conflict"} {}
};

// --- Errors for the client to see

void add_expected(app& to) {
  to.handle("fail_403", [](request<maybe_integer>) -> integer {
    throw error{error_code::forbidden, "Forbidden area"};
  });
  to.handle("fail_default", [](request<maybe_integer>) -> integer { throw error{}; });
  to.handle("fail_abort", [](request<maybe_integer>) -> result<integer> { return error{418, "teapot"}; });
  to.handle("fail_subclass", [](request<maybe_integer>) -> integer { throw conflict{}; });
}

// --- What nobody foresaw: the client learns nothing but 500, the log everything

integer fail_unexpected(request<maybe_integer>) { throw std::runtime_error{"secret detail"}; }

integer fail_foreign(request<maybe_integer>) { throw 42; }

// --- In the middle of a stream

stream<integer> fail_mid_stream(request<integer> n) {
  for (integer i = 1; i <= n.data(); ++i) co_yield i;
  throw error{410, "gone"};
}

stream<integer> fail_mid_stream_unexpected(request<integer> n) {
  for (integer i = 1; i <= n.data(); ++i) co_yield i;
  throw std::runtime_error{"secret detail"};
}

stream<value> fail_stream_item_type(request<integer>) {
  co_yield 1;
  co_yield no_utf8;
  co_yield 3;
}

stream<integer> close_mid_stream(request<integer> n) {
  for (integer i = 1; i <= n.data(); ++i) co_yield i;
  throw close_connection{4002, "mid stream"};
}

// --- As the client asks

integer throw_as_asked(request<fail_with> r) {
  auto& [code, message, data] = r.data();
  throw error{code, std::move(message), std::move(data)};
}

integer close_as_asked(request<close_with> r) {
  const auto code =
      std::clamp<integer>(r.data().code, 0, 65535); // wider than any close code; the library picks one that may travel
  throw close_connection{static_cast<int>(code), r.data().reason};
}

} // namespace

void add_error_handlers(app& to) {
  add_expected(to);
  to.handle("fail_unexpected", fail_unexpected);
  to.handle("fail_foreign", fail_foreign);
  to.handle("fail_close", [](request<maybe_integer>) -> integer { throw close_connection{4000, "from handler"}; });
  to.handle("fail_return_type", [](request<maybe_integer>) { return no_utf8; });
  to.handle("fail_mid_stream", fail_mid_stream);
  to.handle("fail_mid_stream_unexpected", fail_mid_stream_unexpected);
  to.handle("fail_stream_item_type", fail_stream_item_type);
  to.handle("fail_with", throw_as_asked);
  to.handle("close_with", close_as_asked);
  to.handle("close_mid_stream", close_mid_stream);
}

} // namespace swill::conformance
