#pragma once

#include "apps/bench/bare/corked_socket.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace swill::bench::bare {

/// hiredis' asynchronous interface on the server's io_context, and nothing around it.
class redis {
public:
  redis(net::io_context& io, std::uint16_t port);
  ~redis();
  redis(const redis&) = delete;
  redis& operator=(const redis&) = delete;

  /// GET and SET of one key in one send; calls `done` with the second answer.
  void load_and_save(const std::string& key, const std::string& text, std::function<void()> done);

private:
  struct adapter;
  std::unique_ptr<adapter> adapter_;
};

} // namespace swill::bench::bare
