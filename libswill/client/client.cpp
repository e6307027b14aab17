#include "libswill/client/client.hpp"

#include "libswill/base/header_fields.hpp"
#include "libswill/client/detail/line.hpp"
#include "libswill/client/detail/rejection.hpp"
#include "libswill/client/detail/socket_line.hpp"
#include "libswill/client/errors.hpp"
#include "libswill/transport/memory_pipe.hpp"

#include <memory>
#include <utility>

namespace swill {

namespace {

// The server's own limits are the app's: those of the pipe are out of the way.
limits unlimited() {
  limits l;
  l.message_size = l.connection_memory = SIZE_MAX;
  return l;
}

/// The client's end of a memory pipe.
class memory_line final : public client_detail::line,
                          public std::enable_shared_from_this<memory_line>,
                          private memory_pipe::listener {
public:
  /// The gate is asked in a later turn.
  memory_line(swill::loop& l, const client_options& o, client_detail::line_sink& s, gate& g, handshake_request request)
      : loop_(l),
        send_buffer_(o.send_buffer),
        sink_(&s),
        target_(request.target),
        pipe_(l, g, std::move(request), unlimited(), this) {}

  // line
  swill::loop& loop() noexcept override { return loop_; }
  buffer& begin_message() override { return message_; }
  void end_message() override {
    if (open_) pipe_.send(message_.view());
    if (backlog() >= send_buffer_) was_full_ = true;
    message_.clear();
  }
  void cancel_message() override { message_.clear(); }
  std::size_t backlog() const noexcept override { return pipe_.unread(); }
  void close(int code, std::string_view reason) override {
    if (std::exchange(open_, false)) pipe_.close(code, reason);
  }
  void pause_reading(bool paused) override { pipe_.stall(paused); }
  void ping() override {
    loop_.post([self = shared_from_this()] {
      if (self->open_ && self->sink_ != nullptr) self->sink_->on_pong();
    });
  }
  void abandon() override {
    sink_ = nullptr;
    pipe_.drop({1000, {}, true});
  }

private:
  // memory_pipe::listener: what it is told may destroy this line
  void on_open(const header_list& response_headers) override {
    open_ = true;
    if (sink_ != nullptr) sink_->on_open(response_headers);
  }
  void on_rejected(const memory_pipe::rejection& r) override {
    const std::string_view location = header_fields::only_value(r.headers, "Location").value_or("");
    const auto why = std::make_exception_ptr(
        client_detail::rejected_upgrade({.status = r.status, .body = r.body, .location = location, .target = target_}));
    if (client_detail::line_sink* sink = std::exchange(sink_, nullptr)) sink->on_failed(why);
  }
  void on_message(bytes_view message) override {
    if (open_ && sink_ != nullptr) sink_->on_message(message);
  }
  void on_writable() override {
    if (!open_ || !was_full_ || backlog() > send_buffer_ / 2) return;
    was_full_ = false;
    if (sink_ != nullptr) sink_->on_writable();
  }
  void on_closed(const close_reason& why) override {
    open_ = false;
    if (client_detail::line_sink* sink = std::exchange(sink_, nullptr)) sink->on_closed(why);
  }

  swill::loop& loop_;
  std::size_t send_buffer_;
  client_detail::line_sink* sink_;
  const std::string target_; // of the handshake
  buffer message_;
  bool open_ = false;     // until either end closes it
  bool was_full_ = false; // on_writable is owed
  memory_pipe pipe_;
};

} // namespace

task<client> client::connect(std::string url, client_options o) {
  scope& here = co_await this_scope{};
  auto* loop = dynamic_cast<net::event_loop*>(&here.loop());
  if (loop == nullptr) throw connect_error(connect_error::kind::unsupported, "sockets need a net::event_loop");
  client c{std::make_shared<client_detail::client_connection>(*loop, o)};
  auto line = std::make_shared<client_detail::socket_line>(*loop, o, *c.connection_);
  c.connection_->attach(line);
  line->dial(url);
  co_return co_await wait_for(std::move(c));
}

task<client> client::connect(gate& g, handshake_request request, client_options o) {
  scope& here = co_await this_scope{};
  client c{std::make_shared<client_detail::client_connection>(here.loop(), o)};
  c.connection_->attach(std::make_shared<memory_line>(here.loop(), o, *c.connection_, g, std::move(request)));
  co_return co_await wait_for(std::move(c));
}

task<client> client::wait_for(client c) {
  co_await awaiting<client_detail::occurrence>{c.connection_, client_detail::occurrence::kind::settled};
  c.connection_->rethrow_failure();
  co_return std::move(c);
}

client& client::operator=(client&& other) noexcept {
  const client gone{std::move(*this)};
  connection_ = std::move(other.connection_);
  return *this;
}

client::~client() {
  if (connection_) connection_->shut();
}

std::unique_ptr<client_detail::open_call> client::open(std::string_view rpc, const call_options& o,
                                                       bool streams) const {
  auto c = std::make_unique<client_detail::open_call>(connection_, rpc, o, streams);
  c->open_stream();
  return c;
}

task<std::chrono::nanoseconds> client::ping() const {
  const auto c = connection_;
  const auto sent = std::chrono::steady_clock::now();
  co_await awaiting<client_detail::occurrence>{c, client_detail::occurrence::kind::pong};
  if (const close_reason* why = c->closed()) throw connection_lost(*why);
  co_return std::chrono::steady_clock::now() - sent;
}

task<close_reason> client::closed() const {
  const auto c = connection_;
  co_await awaiting<client_detail::occurrence>{c, client_detail::occurrence::kind::over};
  co_return *c->closed();
}

void client::close(int code, std::string_view reason) const {
  connection_->close(close_code_on_the_wire(code), reason);
}
bool client::is_open() const noexcept { return connection_->is_open(); }
const close_reason* client::close_status() const noexcept { return connection_->closed(); }
const header_list& client::response_headers() const noexcept { return connection_->response_headers(); }
std::size_t client::open_calls() const noexcept { return connection_->open_calls(); }
swill::loop& client::loop() const noexcept { return connection_->loop(); }

error client_detail::misfit(error e) {
  value data = value::map({{"problem", e.message}});
  if (!e.data.is_nil()) data.set("problems", std::move(e.data));
  return {error_code::internal_error, "The response is not what was expected", std::move(data)};
}

} // namespace swill
