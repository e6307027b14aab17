#include "tests/transport/fixture.hpp"

#include <future>
#include <stdexcept>

namespace swill::test {

class test_server::connection final : public message_sink {
public:
  connection(test_server& s) : server_(s) {}
  message_port* port = nullptr;

  void on_message(bytes_view message) override {
    if (server_.script_.on_message) return server_.script_.on_message(*port, message);
    send(*port, as_text(message));
  }
  void on_writable() override {
    if (server_.script_.on_writable) server_.script_.on_writable(*port);
  }
  void on_closed(const close_reason& why) override {
    const std::unique_ptr<connection> gone{this};
    {
      std::lock_guard lock{server_.mutex_};
      server_.closed_.push_back(why);
    }
    if (server_.script_.on_closed) server_.script_.on_closed(why);
  }

private:
  test_server& server_;
};

test_server::test_server(script s, const std::function<void(transport::server_settings&)>& change, std::size_t threads)
    : script_(std::move(s)) {
  transport::server_settings settings;
  settings.listen = {"127.0.0.1:0"};
  sink_ = [this](const log_entry& e) {
    std::lock_guard lock{mutex_};
    log_.emplace_back(e.text);
  };
  settings.log = sink_;
  if (change) change(settings);
  threads_ = std::make_unique<net::io_threads>(threads, net::event_loop::offload_function{}, &sink_);
  server_ = std::make_unique<transport::websocket_server>(settings, *this, threads_->loops());
  threads_->start();
  server_->start();
}

test_server::~test_server() {
  server_->stop(std::chrono::milliseconds{0});
  threads_->stop();
}

raw_client test_server::open() const {
  raw_client c = connect();
  if (c.upgrade().status != 101) throw std::runtime_error("upgrade refused");
  return c;
}

std::vector<close_reason> test_server::closed() const {
  std::lock_guard lock{mutex_};
  return closed_;
}

std::vector<std::string> test_server::log() const {
  std::lock_guard lock{mutex_};
  return log_;
}

message_port* test_server::accept(handshake& h, const header_list& headers) {
  auto c = std::make_unique<connection>(*this);
  c->port = h.accept(headers, *c);
  if (c->port == nullptr) return nullptr;
  message_port* port = c->port;
  if (script_.on_open) script_.on_open(*port);
  static_cast<void>(c.release()); // until on_closed
  return port;
}

void test_server::on_handshake(std::shared_ptr<handshake> h) {
  if (script_.on_handshake) return script_.on_handshake(std::move(h));
  accept(*h);
}

void test_server::on_loop(const std::function<void()>& f) {
  std::promise<void> done;
  (*threads_)[0].post([&] {
    f();
    done.set_value();
  });
  done.get_future().wait();
}

} // namespace swill::test
