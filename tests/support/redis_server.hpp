#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace swill::test {

struct redis_options {
  bool append_only = false; ///< AOF with appendfsync always: what was answered survives a kill
  std::string password;     ///< requirepass
  std::vector<std::string>
      users;       ///< lines of an ACL file: "user alice on >secret ~* &* +@all"; password must be empty then
  bool tcp = true; ///< on a free loopback port
  std::vector<std::string> more{}; ///< further arguments, such as "--databases", "4"
};

/// A redis-server process of our own, in a temporary directory, on a free loopback port and a Unix socket. It is ended with this object,
/// and with this process however that ends. Each function returns when it is so, or throws std::runtime_error after 10 s. One thread at a
/// time.
class redis_server {
public:
  explicit redis_server(redis_options o = {});
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  const std::string& socket_path() const noexcept { return socket_path_; }
  /// "redis://127.0.0.1:PORT", with ":password@" when there is one.
  std::string address() const;
  /// "unix:///…"
  std::string unix_address() const;
  pid_t pid() const noexcept { return pid_; }
  bool is_running() const noexcept { return pid_ > 0; }

  /// SIGKILL.
  void kill();
  /// Starts it again on the same port with the same directory: an AOF is loaded. Kills it first when it runs.
  void restart();
  /// SIGSTOP and SIGCONT.
  void stop_process();
  void continue_process();
  /// Kills it when it runs, and removes what it has stored. It does not run afterwards.
  void wipe();

  /// Sends one inline command ("SET a b", without line breaks) and gives what comes back raw, such as "+OK\r\n". Logs in with `password`
  /// first.
  std::string ask(const std::string& command);

private:
  bool launch();
  bool answers();
  int connect() const;

  redis_options options_;
  std::string directory_;
  std::string socket_path_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
  pid_t keeper_ = 0;
  int life_line_ = -1;
};

} // namespace swill::test
