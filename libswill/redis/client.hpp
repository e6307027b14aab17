#pragma once

#include "libswill/base/completion.hpp"
#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/move_function.hpp"
#include "libswill/redis/options.hpp"
#include "libswill/redis/reply.hpp"

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace swill::redis {

class script_values;

/// Commands to one Redis over one connection, pipelined: those of all sockets that are ready leave in one send. It connects again by itself,
/// with growing pauses. Nothing is ever sent twice: what was sent when the connection broke may or may not have been carried out.
///
/// All of it on the thread of its loop, which must be one with sockets (not a test's manual loop) and outlive it.
class client {
public:
  /// The answer to one command, on the loop's thread: once, possibly before `command` has returned. Must not throw. May use the client,
  /// not destroy it. Errors: `unavailable` (503, retryable) when there is no connection, it broke, no reply came within
  /// options::command_timeout, what came does not fit, or options::queued_commands or queued_bytes is reached; `refused` for what Redis
  /// answered.
  using callback = move_function<void(result<reply>), 12>;

  /// Throws error 500 when `l` is no loop with sockets. `log`, which may be null, must outlive the client.
  client(swill::loop& l, options o, const log_sink* log = nullptr);
  /// As close, without waiting.
  ~client();

  /// Begins to connect. Until the first connection is there commands fail.
  void start();

  /// Fails what waits with 503, sends nothing more, and calls `done`, on the loop's thread, when nothing of this client uses the loop.
  void close(std::function<void()> done = {});

  bool is_up() const noexcept;
  /// Called with true when commands can be sent from now on; with false when the connection broke (what waited has failed already),
  /// or when the first attempt to connect has failed. Set it before start().
  void on_state(std::function<void(bool up)> f);

  /// A command that each connection begins with, before it counts as up; an error as its answer means that the connection is of no use
  /// (access_check). Rights are looked at anew when Redis says NOPERM later. Before start().
  void set_check(std::vector<std::string> command);
  /// Called when Redis has answered that it is the wrong one (is_wrong_server), after on_state has told that the connection is gone. What
  /// else was connected under this name may be wrong, too. Set it before start().
  void on_wrong_server(std::function<void()> f);
  /// What came was not what must come: the connection is made anew, and what waits fails with 503.
  void fail(const std::string& why);

  /// Sends one command; arguments are any bytes and are copied at once. `fits`: what its reply looks like.
  void command(std::initializer_list<std::string_view> arguments, callback f, reply_check fits = nullptr);
  void command(std::span<const std::string_view> arguments, callback f, reply_check fits = nullptr);
  void command(const std::vector<std::string>& arguments, callback f, reply_check fits = nullptr);
  /// As script_values::run. The script must outlive its answer.
  void run(const script_values& v, callback f);

  /// `const std::vector<std::string> get{"GET", key}; auto r = co_await c.call(get);`: the reply, or throws the error. For a coroutine on
  /// the client's loop. When the coroutine is cancelled, the command may be carried out all the same.
  completion<reply> call(const std::vector<std::string>& arguments);

  /// Commands that wait for their replies.
  std::size_t waiting() const noexcept;

private:
  struct impl;
  std::shared_ptr<impl> impl_; // with callbacks that run while it is closed
};

} // namespace swill::redis
