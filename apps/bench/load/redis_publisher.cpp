#include "apps/bench/load/redis_publisher.hpp"

#include "apps/bench/load/client.hpp"

#include <hiredis/hiredis.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace swill::bench {
namespace {

constexpr std::size_t published_bytes = 100;
constexpr int delivery_patience_ms = 10'000;

} // namespace

void redis_publisher::closer::operator()(redisContext* c) const noexcept { redisFree(c); }

redis_publisher::context redis_publisher::connect(std::uint16_t port) {
  context c{redisConnect("127.0.0.1", port)};
  if (!c || c->err != 0) throw std::runtime_error("no Redis at port " + std::to_string(port));
  return c;
}

redis_publisher::redis_publisher(std::uint16_t port)
    : publisher_(connect(port)), subscriber_(connect(port)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  void* const confirmed = redisCommand(subscriber_.get(), "SUBSCRIBE bare");
  if (confirmed == nullptr) throw std::runtime_error("Redis did not answer");
  freeReplyObject(confirmed);
  char* text = nullptr;
  const std::string data(published_bytes, 'x');
  const int size = redisFormatCommand(&text, "PUBLISH bare %b", data.data(), data.size());
  command_.assign(text, static_cast<std::size_t>(size));
  redisFreeCommand(text);
  watch(*publisher_);
  watch(*subscriber_);
}

redis_publisher::~redis_publisher() { ::close(epoll_); }

void redis_publisher::watch(const redisContext& c) {
  epoll_event event{EPOLLIN, {.fd = c.fd}};
  if (epoll_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event) != 0) throw std::runtime_error("no epoll");
}

std::uint64_t redis_publisher::round_trip() {
  const auto from = monotonic_ns();
  if (::send(publisher_->fd, command_.data(), command_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(command_.size()))
    throw std::runtime_error("Redis does not read");
  std::uint64_t answered = 0;
  for (bool heard = false; answered == 0 || !heard;) {
    std::array<epoll_event, 2> events;
    const int count = ::epoll_wait(epoll_, events.data(), 2, delivery_patience_ms);
    if (count <= 0) throw std::runtime_error("Redis did not answer");
    for (int i = 0; i < count; ++i) {
      std::array<char, 1024> in;
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      const auto got = ::recv(fd, in.data(), in.size(), 0);
      if (got <= 0) throw std::runtime_error("Redis closed a connection");
      if (fd == subscriber_->fd) {
        heard = std::string_view{in.data(), static_cast<std::size_t>(got)}.ends_with("xxxx\r\n");
      } else if (std::string_view{in.data(), static_cast<std::size_t>(got)} == ":1\r\n") {
        answered = monotonic_ns() - from;
      } else {
        throw std::runtime_error("PUBLISH was not answered with its one subscriber");
      }
    }
  }
  return answered;
}

} // namespace swill::bench
