#include "libswill/client/detail/background.hpp"

#include "libswill/net/io_threads.hpp"

#include <stdexcept>

namespace swill::client_detail {

struct background::threads {
  net::io_threads io{1};
};

background::background(std::string url, client_options o) : threads_(std::make_unique<threads>()) {
  threads_->io.start();
  run([this, &url, &o]() -> task<void> { client_.emplace(co_await client::connect(url, o)); });
}

background::~background() {
  run([this]() -> task<void> {
    client_->close();
    co_await client_->closed();
    client_.reset();
  });
  threads_->io.stop();
}

swill::loop& background::loop() noexcept { return threads_->io[0]; }

void background::forbid_own_thread() const {
  if (threads_->io[0].is_current()) throw std::logic_error("a blocking client was used on its own I/O thread");
}

} // namespace swill::client_detail
