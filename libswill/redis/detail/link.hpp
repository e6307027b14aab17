#pragma once

#include "libswill/base/log_limiter.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/net/connector.hpp"
#include "libswill/net/event_loop.hpp"
#include "libswill/net/stream_socket.hpp"
#include "libswill/redis/options.hpp"
#include "libswill/redis/outage_log.hpp"
#include "libswill/redis/reply.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

struct redisReader;

namespace swill::redis::detail {

/// What a link tells. All on the loop's thread; may call the link.
class link_owner {
public:
  /// Connected, authenticated, the database selected.
  virtual void on_up() = 0;
  /// Was up and is no more, or the first attempt to get up has failed.
  virtual void on_down(const std::string& why) = 0;
  virtual void on_reply(reply r) = 0;
  /// The server has been silent for a while: send a PING. Its answer comes as a reply.
  virtual void on_silence() = 0;

protected:
  ~link_owner() = default;
};

/// One connection to a Redis that is made again whenever it breaks: socket, output, parsing (hiredis), back-off, liveness. What the
/// replies mean is its owner's business. Shared by its owner and by what its loop runs for it; on its loop's thread only.
class link final : public std::enable_shared_from_this<link>, net::stream_socket {
public:
  /// Throws error 500 when the loop has no sockets. `log` must outlive it; may be null.
  link(swill::loop& l, options o, link_owner& owner, const log_sink* log);
  ~link() override;

  void start();
  /// Nothing is told any more; `done` is called, later, when nothing of it uses the loop. Once.
  void close(std::function<void()> done);
  /// The state of the connection is not known any more.
  void fail(const std::string& why) { fail(why, outage_log::reason::unreachable); }
  /// As fail(). Where what answers is not what we need, the next connection begins with the next address of the name.
  void fail(const std::string& why, outage_log::reason r);

  /// A command that every connection begins with. An error as its answer: the connection does not come up, and its text is why. Before
  /// start().
  void add_check(std::vector<std::string> command) { checks_.push_back(std::move(command)); }
  bool has_checks() const noexcept { return !checks_.empty(); }

  bool is_up() const noexcept { return state_ == state::up; }
  const options& settings() const noexcept { return options_; }
  net::event_loop& loop() noexcept { return socket_loop(); }

  /// Append whole commands, then call flush_later(). Only while up.
  buffer& output() { return prepare_output(); }
  using stream_socket::backlog;
  using stream_socket::flush_later;

private:
  enum class state : std::uint8_t { idle, connecting, greeting, up, waiting, closed };

  void attempt();
  void make_reader();
  void connected(int fd);
  void greet();
  void greeting_answered(const reply& r);
  void lose(const std::string& why, outage_log::reason r = outage_log::reason::unreachable);
  bool wants_input() const noexcept override { return true; }
  void on_input(bytes_view data) override;
  void on_peer_gone(int error) override;
  void on_broken() override {}
  void on_send_failed(int error) override { on_peer_gone(error); }
  void on_tls_failed(const std::string& why) override;
  std::shared_ptr<void> keep_alive() override { return shared_from_this(); }
  void on_exception(std::exception_ptr e) noexcept override;
  bool is_too_large() const noexcept;
  void dispatch(reply r);
  void on_retry() { attempt(); }
  void on_connect_timeout();
  void on_liveness();
  void log(log_level level, const std::string& text) const;

  options options_;
  link_owner* owner_;
  logger log_;
  limited_log errors_; ///< what may come with each reply
  state state_ = state::idle;
  unsigned generation_ = 0; ///< of the attempt; what belongs to an earlier one is ignored
  unsigned failures_ = 0;   ///< in a row: since a connection lasted
  clock_time up_since_{};
  bool told_down_ = false;

  net::connector connector_;
  struct reader_deleter {
    void operator()(redisReader* r) const noexcept;
  };
  std::unique_ptr<redisReader, reader_deleter> reader_;
  std::size_t unanswered_ = 0; ///< bytes that came since the last whole reply
  std::size_t elements_ = 0;   ///< values that the reply being read may still have
  std::vector<std::vector<std::string>> checks_;
  std::vector<std::string> greeting_; ///< what each answer that is still to come is about

  clock_time heard_{};
  bool asked_ = false; ///< the answer to a PING is to come
  bool overdue_ = false;

  member_timer<link, &link::on_retry> retry_{*this};
  member_timer<link, &link::on_connect_timeout> connect_timer_{*this};
  member_timer<link, &link::on_liveness> liveness_timer_{*this};
};

} // namespace swill::redis::detail
