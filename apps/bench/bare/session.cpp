#include "apps/bench/bare/session.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace swill::bench::bare {
namespace {

namespace http = beast::http;
namespace websocket = beast::websocket;
using timer =
    net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, executor>;

constexpr std::size_t burst_chunk = 64 * 1024;    // written between two turns of the event loop
constexpr std::size_t backlog_limit = 256 * 1024; // a stream waits above this
constexpr std::size_t message_limit = 1024 * 1024;
constexpr std::uint64_t end_of_stream = 1;

std::string_view choose_subprotocol(std::string_view offered) {
  for (const std::string_view known : {"swill.v1", "swill/1"}) {
    if (offered.find(known) != std::string_view::npos) return known;
  }
  return {};
}

} // namespace

session::session(tcp_socket socket, shared_state& shared)
    : stream_(std::move(socket)), shared_(shared), store_key_("bare:" + std::to_string(++shared.connections)) {
  stream_.binary(true);
  stream_.read_message_max(message_limit);
  stream_.write_buffer_bytes(64); // Beast writes control frames only; the default 4 KiB would lie idle
}

void session::start() {
  out().set_owner(weak_from_this());
  auto parser = std::make_shared<http_parser>();
  http::async_read(out(), buffer_, *parser, [me = shared_from_this(), parser](error_code error, std::size_t) {
    if (!error) me->accept(*parser);
  });
}

void session::accept(const http_parser& parser) {
  const auto& upgrade = parser.get();
  if (!websocket::is_upgrade(upgrade)) return reject(http::status::upgrade_required);
  const auto offered = upgrade[http::field::sec_websocket_protocol];
  const auto chosen = choose_subprotocol({offered.data(), offered.size()});
  if (chosen.empty()) return reject(http::status::not_acceptable);
  stream_.set_option(websocket::stream_base::decorator([chosen](websocket::response_type& response) {
    response.set(http::field::sec_websocket_protocol, beast::string_view(chosen.data(), chosen.size()));
  }));
  buffer_.clear(); // the load generator sends nothing before it has seen the answer
  stream_.async_accept(upgrade, [me = shared_from_this()](error_code error) mutable {
    if (!error) read(std::move(me));
  });
}

void session::reject(http::status status) {
  auto response = std::make_shared<http::response<http::empty_body>>(status, 11);
  response->prepare_payload();
  http::async_write(out(), *response, [me = shared_from_this(), response](error_code, std::size_t) {});
}

// The one shared_ptr of the read loop is handed from operation to operation: no reference counting per message.
void session::read(self me) {
  auto& s = *me;
  s.stream_.async_read(s.buffer_, [me = std::move(me)](error_code error, std::size_t) mutable {
    if (error || me->out().failed()) return;
    const auto bytes = me->buffer_.data();
    const std::string_view message(static_cast<const char*>(bytes.data()), bytes.size());
    if (const auto r = decode(message)) {
      me->on_request(*r);
    } else if (!me->shared_.hub.take(me, message)) {
      return; // dropping the last reference closes the connection
    }
    me->buffer_.consume(bytes.size());
    read(std::move(me));
  });
}

void session::on_request(const request& r) {
  if (r.rpc == "add") {
    reply(r.seq, r.data[0] + r.data[1]);
  } else if (r.rpc == "sum_stream") {
    on_stream_item(r);
  } else if (r.rpc == "burst") {
    send_burst(r.seq, 0, r.data[0]);
  } else if (r.rpc == "sleep0") {
    send_after(std::chrono::milliseconds(0), r.seq, r.data[0]);
  } else if (r.rpc == "visit" && shared_.store) {
    visit(r.seq, r.data[0]);
  } else if (r.rpc == "sleep") {
    send_after(std::chrono::milliseconds(r.data[0]), r.seq, r.data[0]);
  } else {
    const auto frame = out().begin_frame();
    encode_error(out().output(), r.seq, 404, "No func was found to process this request");
    out().end_frame(frame);
  }
}

void session::on_stream_item(const request& r) {
  if (r.type != end_of_stream) {
    sums_[r.seq] += r.data[0];
    return;
  }
  const auto sum = sums_.extract(r.seq);
  reply(r.seq, sum ? sum.mapped() : 0);
}

void session::send_burst(std::uint64_t seq, std::int64_t next, std::int64_t end) {
  if (out().failed()) return;
  for (const auto limit = out().backlog() + burst_chunk; next < end && out().backlog() < limit; ++next)
    reply(seq, next);
  if (next == end) {
    const auto frame = out().begin_frame();
    encode_end_of_stream(out().output(), seq);
    out().end_frame(frame);
    return out().flush();
  }
  out().flush();
  auto resume = [me = shared_from_this(), seq, next, end] { me->send_burst(seq, next, end); };
  if (out().backlog() > backlog_limit) return out().on_drained(std::move(resume));
  net::post(out().get_executor(), std::move(resume));
}

void session::send_after(std::chrono::milliseconds delay, std::uint64_t seq, std::int64_t value) {
  auto t = std::make_unique<timer>(out().get_executor(), delay);
  auto& pending = *t;
  // Weak: a request that still sleeps must not keep a connection that has gone.
  pending.async_wait([me = weak_from_this(), t = std::move(t), seq, value](error_code) {
    const auto s = me.lock();
    if (!s) return;
    s->reply(seq, value);
    s->flush_soon();
  });
}

void session::reply(std::uint64_t seq, std::int64_t value) {
  const auto frame = out().begin_frame();
  encode_message(out().output(), seq, value);
  out().end_frame(frame);
}

void session::visit(std::uint64_t seq, std::int64_t value) {
  shared_.store->load_and_save(store_key_, std::to_string(value), [me = weak_from_this(), seq, value] {
    const auto s = me.lock();
    if (!s) return;
    s->reply(seq, value);
    s->flush_soon();
  });
}

// Timers that fire in the same turn of the event loop share one send.
void session::flush_soon() {
  if (std::exchange(flush_posted_, true)) return;
  net::post(out().get_executor(), [me = shared_from_this()] {
    me->flush_posted_ = false;
    me->out().flush();
  });
}

} // namespace swill::bench::bare
