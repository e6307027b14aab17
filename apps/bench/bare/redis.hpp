#pragma once

#include "apps/bench/bare/corked_socket.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

  /// On a second connection. `f` is called for each message, and before the first without one: from then on messages come.
  using listener = std::function<void(std::optional<std::string_view>)>;
  void subscribe(const std::string& channel, listener f);
  void publish(const std::string& channel, std::string_view data, std::function<void()> done);

private:
  struct adapter;
  net::io_context& io_;
  std::uint16_t port_;
  std::unique_ptr<adapter> adapter_;
  std::unique_ptr<adapter> feed_;
  std::vector<std::unique_ptr<listener>> listeners_;
};

} // namespace swill::bench::bare
