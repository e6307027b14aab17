#include "apps/bench/bare/redis.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <hiredis/async.h>

#include <stdexcept>

namespace swill::bench::bare {

// hiredis says when it wants to read or write, and closes the descriptor itself.
struct redis::adapter {
  adapter(net::io_context& io, redisAsyncContext* c) : context(c), socket(io, c->c.fd) {
    c->ev.data = this;
    c->ev.addRead = [](void* me) { static_cast<adapter*>(me)->want_read(); };
    c->ev.addWrite = [](void* me) { static_cast<adapter*>(me)->want_write(); };
    c->ev.delRead = [](void* me) { static_cast<adapter*>(me)->reads = false; };
    c->ev.delWrite = [](void* me) { static_cast<adapter*>(me)->writes = false; };
    c->ev.cleanup = [](void* me) { static_cast<adapter*>(me)->socket.release(); };
  }
  void want_read() {
    if (std::exchange(reads, true)) return;
    wait_read();
  }
  void wait_read() {
    socket.async_wait(descriptor::wait_read, [this](error_code e) {
      if (e || !reads) return;
      redisAsyncHandleRead(context);
      wait_read();
    });
  }
  void want_write() {
    if (std::exchange(writes, true)) return;
    socket.async_wait(descriptor::wait_write, [this](error_code e) {
      writes = false;
      if (!e) redisAsyncHandleWrite(context);
    });
  }

  using descriptor = net::posix::basic_stream_descriptor<executor>;
  redisAsyncContext* context;
  descriptor socket;
  bool reads = false;
  bool writes = false;
};

namespace {

redisAsyncContext* connect(std::uint16_t port) {
  redisAsyncContext* c = redisAsyncConnect("127.0.0.1", port);
  if (c == nullptr || c->err != 0) throw std::runtime_error("no Redis at port " + std::to_string(port));
  return c;
}

void call_once(redisAsyncContext*, void* reply, void* f) {
  const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(f));
  if (reply != nullptr) (*owned)();
}

} // namespace

redis::redis(net::io_context& io, std::uint16_t port)
    : io_(io), port_(port), adapter_(std::make_unique<adapter>(io, connect(port))) {}

redis::~redis() = default;

void redis::load_and_save(const std::string& key, const std::string& text, std::function<void()> done) {
  const char* get[] = {"GET", key.c_str()};
  const std::size_t get_sizes[] = {3, key.size()};
  const char* set[] = {"SET", key.c_str(), text.c_str()};
  const std::size_t set_sizes[] = {3, key.size(), text.size()};
  redisAsyncCommandArgv(adapter_->context, nullptr, nullptr, 2, get, get_sizes);
  redisAsyncCommandArgv(adapter_->context, call_once, new std::function<void()>(std::move(done)), 3, set, set_sizes);
}

void redis::subscribe(const std::string& channel, listener f) {
  if (!feed_) feed_ = std::make_unique<adapter>(io_, connect(port_));
  listeners_.push_back(std::make_unique<listener>(std::move(f)));
  redisAsyncCommand(
      feed_->context,
      [](redisAsyncContext*, void* reply, void* which) {
        const auto* r = static_cast<const redisReply*>(reply);
        if (r == nullptr || r->elements != 3) return;
        const redisReply& last = *r->element[2];
        const auto& told = *static_cast<listener*>(which);
        if (last.type == REDIS_REPLY_STRING) {
          told(std::string_view{last.str, static_cast<std::size_t>(last.len)});
        } else {
          told(std::nullopt);
        }
      },
      listeners_.back().get(), "SUBSCRIBE %b", channel.data(), channel.size());
}

void redis::publish(const std::string& channel, std::string_view data, std::function<void()> done) {
  redisAsyncCommand(adapter_->context, call_once, new std::function<void()>(std::move(done)), "PUBLISH %b %b",
                    channel.data(), channel.size(), data.data(), data.size());
}

} // namespace swill::bench::bare
