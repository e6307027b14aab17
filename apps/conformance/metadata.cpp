#include "apps/conformance/handlers.hpp"
#include "apps/conformance/types.hpp"

namespace swill::conformance {

namespace {

any_map to_map(const metadata& m) { return {m.begin(), m.end()}; }

// --- Unary: metadata of the response go with its only message, unless they are sent at once

task<integer> leading_now(request<maybe_integer> r) {
  co_await r.context().send_leading({"lead", "now"});
  co_return 1;
}

integer leading_later(request<maybe_integer> r) {
  r.context().set_leading({"lead", "later"});
  return 1;
}

task<integer> leading_twice(request<maybe_integer> r) {
  co_await r.context().send_leading({"lead", 1});
  co_await r.context().send_leading({"lead", 2}); // throws std::logic_error: leading metadata are sent once
  co_return 1;
}

integer leading_overwrite(request<maybe_integer> r) {
  r.context().set_leading({"lead", 1});
  r.context().set_leading({"lead", 2});
  return 1;
}

integer trailing(request<maybe_integer> r) {
  r.context().trailing().set("trail", true);
  return 1;
}

integer both_metadata(request<maybe_integer> r) {
  r.context().set_leading({"lead", 1});
  r.context().trailing().set("trail", 2);
  return 1;
}

integer fail_with_trailing(request<maybe_integer> r) {
  r.context().set_leading({"lead", 1});
  r.context().trailing().set("trail", 2);
  throw error{error_code::bad_request, "bad"}; // takes no metadata along
}

// --- Streams of the server: leading metadata before or with the first item, trailing ones with the end

stream<integer> stream_meta_now(request<integer> n) {
  co_await n.context().send_leading({"lead", "now"});
  n.context().trailing().set("trail", "end");
  for (integer i = 1; i <= n.data(); ++i) co_yield i;
}

stream<integer> stream_meta_later(request<integer> n) {
  n.context().set_leading({"lead", "later"});
  for (integer i = 1; i <= n.data(); ++i) co_yield i;
  n.context().trailing().set("trail", "end");
}

stream<integer> stream_meta_late(request<integer> r) {
  co_yield 1;
  co_await r.context().send_leading({"lead", "too late"}); // throws std::logic_error
  co_yield 2;
}

stream<integer> fail_stream_meta(request<integer> n) {
  n.context().set_leading({"lead", 1});
  n.context().trailing().set("trail", 2);
  for (integer i = 1; i <= n.data(); ++i) co_yield i;
  throw error{410, "gone"};
}

// --- Streams of the client

task<meta_sum> metadata_stream(streaming_request<integer> items) {
  meta_sum out;
  out.metadata_at_start = to_map(items.metadata());
  while (const auto item = co_await items.next()) out.sum = sum_of(out.sum, *item);
  out.metadata = to_map(items.metadata());
  co_return out;
}

task<integer> upload_meta(streaming_request<integer> items) {
  co_await items.context().send_leading({"ready", true}); // the client may wait for this before it sends
  integer count = 0, sum = 0;
  while (const auto item = co_await items.next()) ++count, sum = sum_of(sum, *item);
  items.context().trailing().set("count", count);
  co_return sum;
}

stream<integer> bidi_meta(streaming_request<integer> items) {
  items.context().set_leading({"lead", "bidi"});
  integer count = 0;
  while (const auto item = co_await items.next()) {
    ++count;
    co_yield doubled(*item);
  }
  items.context().trailing().set("count", count);
}

} // namespace

void add_metadata_handlers(app& to) {
  to.handle("echo_metadata", [](request<maybe_integer> r) { return to_map(r.metadata()); });
  to.handle("leading_now", leading_now);
  to.handle("leading_later", leading_later);
  to.handle("leading_twice", leading_twice);
  to.handle("leading_overwrite", leading_overwrite);
  to.handle("trailing", trailing);
  to.handle("both_metadata", both_metadata);
  to.handle("stream_meta_now", stream_meta_now);
  to.handle("stream_meta_later", stream_meta_later);
  to.handle("stream_meta_late", stream_meta_late);
  to.handle("fail_with_trailing", fail_with_trailing);
  to.handle("fail_stream_meta", fail_stream_meta);
  to.handle("metadata_stream", metadata_stream);
  to.handle("upload_meta", upload_meta);
  to.handle("bidi_meta", bidi_meta);
}

} // namespace swill::conformance
