#include "actors/workers/remote_handler.hpp"

#include "actors/workers/streaming_call.hpp"
#include "actors/workers/unary_exchange.hpp"

#include <limits>
#include <stdexcept>

namespace swill::actors::workers {

remote_handler::remote_handler(std::shared_ptr<const announced_handler> what, const detail::request_hooks& around,
                               const gateway_options& o)
    : what_(std::move(what)), gateway_(o) {
  name = what_->name;
  request_streams = what_->request_streams;
  response_streams = what_->response_streams;
  options = what_->options;
  request_type = what_->request_type;
  response_type = what_->response_type;
  hooks = around;
}

gateway_lane& remote_handler::pick(const images& of_connection) const {
  gateway_lane* best = nullptr;
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  bool any = false;
  const std::size_t n = lanes_.size();
  for (std::size_t i = 0; i < n; ++i) {
    gateway_lane& l = *lanes_[(turn_ + i) % n];
    any = any || (l.is_open() && !l.worker().leaving.load(std::memory_order_relaxed));
    if (!l.is_free() || (!l.takes_connections() && !of_connection.is_on(l))) continue;
    const std::uint32_t busy = l.worker().in_flight.load(std::memory_order_relaxed);
    if (busy >= least) continue;
    least = busy;
    best = &l;
  }
  ++turn_;
  if (best != nullptr) return *best;
  if (!any) throw errors::unavailable("No worker serves this at the moment");
  throw all_busy();
}

bool remote_handler::call_plain(context&, bytes_view, bool, const limits&, detail::plain_passage&) const {
  throw std::logic_error("a remote handler is never plain");
}

std::shared_ptr<detail::handler> remote_handler::clone() const {
  throw std::logic_error("a remote handler belongs to its loop");
}

// --- Exchanges

namespace {
struct kept_handler {
  std::shared_ptr<const remote_handler> handler; // with the table, which may let go of it first
};

/// The one message of a response that does not stream; sends leading metadata that come before it. False: the worker is lost.
task<bool> take_result(streaming_call& c, streaming_call::reply& out, bool& answered) {
  context& to = c.call().context();
  while (true) {
    std::optional<streaming_call::reply> r = co_await c.next();
    if (!r) co_return false;
    if (r->type == wire::response_type::metadata) {
      answered = true;
      if (r->leading) {
        metadata m = std::move(*r->leading);
        co_await to.send_leading(std::move(m));
      }
      continue;
    }
    if (r->leading) to.set_leading(std::move(*r->leading));
    set_trailing(to, r->trailing);
    out = std::move(*r);
    co_return true;
  }
}

task<void> feed(streaming_request<raw>& in, streaming_call& c) {
  while (auto item = co_await in.next()) {
    const std::size_t size = item->data.size();
    while (!c.may_send(size)) co_await c.upload_room(size); // again: whoever was woken first may have taken the room
    c.send_item(item->data);
  }
  c.send_end();
}

/// What to do with one reply of a streaming response: sets metadata; true for an item.
bool take_item(context& to, streaming_call::reply& r) {
  if (r.leading) to.set_leading(std::move(*r.leading));
  if (r.type == wire::response_type::message) return true;
  set_trailing(to, r.trailing);
  return false;
}

} // namespace

/// Messages as they are, checked against their description on the way in. Keeps the handler until all else of it has gone.
template <class F>
class remote_handler::checked_exchange final : kept_handler,
                                               public detail::typed_exchange<detail::handler_traits<F>, false> {
public:
  using unchecked = detail::typed_exchange<detail::handler_traits<F>, false>;
  checked_exchange(detail::call& c, std::shared_ptr<const remote_handler> h, const F& f)
      : kept_handler{std::move(h)}, unchecked(c, f) {}

  bool decode(bytes_view data, const limits& l, bool is_checked, std::optional<error>& failure) override {
    return is_checked && handler->what()->request_schema->check(data, l, failure) &&
           unchecked::decode(data, l, true, failure);
  }
};

std::unique_ptr<detail::exchange> remote_handler::make_exchange(detail::call& c) const {
  auto self = shared_from_this();
  if (request_streams && response_streams)
    return std::make_unique<checked_exchange<duplex>>(c, std::move(self), duplex_);
  if (request_streams) return std::make_unique<checked_exchange<upload>>(c, std::move(self), upload_);
  if (response_streams) return std::make_unique<checked_exchange<download>>(c, std::move(self), download_);
  return std::make_unique<unary_exchange>(c, std::move(self));
}

// --- The shapes that stream

task<raw> remote_handler::upload::operator()(streaming_request<raw> in) const {
  streaming_call c{*of, in.context().call()};
  c.open(wire::request_type::metadata, {});
  task<void> feeding = feed(in, c);
  feeding.start_nested(in.context().call(), nullptr, nullptr);
  streaming_call::reply answer;
  bool answered = false;
  if (!co_await take_result(c, answer, answered)) throw errors::unavailable("The worker has gone");
  co_return std::move(answer.data);
}

/// The worker's stream. It is opened by one message, or fed by a stream.
stream<raw> remote_handler::relay(context& to, raw opening, std::optional<streaming_request<raw>> further) const {
  streaming_call c{*this, to.call()};
  task<void> feeding;
  if (further) {
    c.open(wire::request_type::metadata, {});
    feeding = feed(*further, c);
    feeding.start_nested(to.call(), nullptr, nullptr);
  } else {
    c.open(wire::request_type::message, opening.data);
  }
  std::size_t attempts = 0;
  bool begun = further.has_value(); // what has not begun is the only one that can be begun again
  while (true) {
    std::optional<streaming_call::reply> next = co_await c.next();
    if (!next) {
      if (begun || !c.was_bounced()) throw errors::unavailable("The worker has gone");
      may_open_again(c, attempts, false);
      c.open(wire::request_type::message, opening.data);
      continue;
    }
    begun = true;
    if (next->type == wire::response_type::metadata) {
      metadata m = next->leading ? std::move(*next->leading) : metadata{};
      co_await to.send_leading(std::move(m));
      continue;
    }
    if (!take_item(to, *next)) co_return;
    const std::size_t size = next->data.data.size();
    co_yield detail::moved{next->data};
    c.grant(size);
  }
}

stream<raw> remote_handler::download::operator()(request<raw> r) const {
  context& to = r.context();
  return of->relay(to, std::move(r).data(), std::nullopt);
}

stream<raw> remote_handler::duplex::operator()(streaming_request<raw> in) const {
  context& to = in.context();
  return of->relay(to, {}, std::move(in));
}

} // namespace swill::actors::workers
