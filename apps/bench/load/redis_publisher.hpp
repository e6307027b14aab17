#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct redisContext;

namespace swill::bench {

/// Measures a bare PUBLISH to a channel with one subscriber, from an event loop: send, epoll_wait, read.
class redis_publisher {
public:
  explicit redis_publisher(std::uint16_t port);
  ~redis_publisher();
  redis_publisher(const redis_publisher&) = delete;
  redis_publisher& operator=(const redis_publisher&) = delete;

  /// Nanoseconds from the send to the answer. Returns when the subscriber has had the message, too.
  std::uint64_t round_trip();

private:
  struct closer {
    void operator()(redisContext* c) const noexcept;
  };
  using context = std::unique_ptr<redisContext, closer>;

  static context connect(std::uint16_t port);
  void watch(const redisContext& c);

  context publisher_;
  context subscriber_;
  int epoll_;
  std::string command_;
};

} // namespace swill::bench
