#include "libswill/client/client.hpp"

#include "libswill/client/detail/memory_line.hpp"
#include "libswill/client/detail/socket_line.hpp"

namespace swill {

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
  c.connection_->attach(
      std::make_shared<client_detail::memory_line>(here.loop(), o, *c.connection_, g, std::move(request)));
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
