#pragma once

#include "libswill/base/scope.hpp"
#include "libswill/client/detail/line.hpp"
#include "libswill/client/options.hpp"
#include "libswill/wire/envelope.hpp"

#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <unordered_map>

namespace swill::client_detail {

class open_call;

/// One connection of a client: gives out seqs, writes requests, and brings each response to its call. Shared by the client and its
/// calls; all of it on the loop's thread. Whatever it tells may destroy the caller, so that comes last everywhere.
class client_connection final : public line_sink, public std::enable_shared_from_this<client_connection> {
public:
  client_connection(swill::loop& l, const client_options& o);
  ~client_connection();

  void attach(std::shared_ptr<line> l) { line_ = std::move(l); }

  swill::loop& loop() const noexcept { return loop_; }
  const client_options& options() const noexcept { return options_; }
  const limits& decode_limits() const noexcept { return limits_; }
  bool is_open() const noexcept { return state_ == state::open; }
  const header_list& response_headers() const noexcept { return response_headers_; }
  const close_reason* closed() const noexcept { return closed_ ? &*closed_ : nullptr; }
  std::size_t open_calls() const noexcept { return calls_.size(); }

  /// Starts the close handshake; calls that are open end when it is over.
  void close(int code, std::string_view reason);
  /// The client is going: every call ends now.
  void shut();

  // --- for calls
  /// Names a call. Throws connection_lost when there is no connection any more.
  std::uint64_t enter(open_call& c);
  void leave(std::uint64_t seq) noexcept { calls_.erase(seq); }
  /// A request envelope; `data` and `metadata` are encoded, or empty for nil. Returns its size. Nothing, and 0, without a connection.
  std::size_t send(std::uint64_t seq, std::string_view rpc, wire::request_type type, bytes_view data = {},
                   bytes_view metadata = {});
  /// An empty buffer to encode into, until the next call of anything here.
  buffer& scratch() noexcept {
    scratch_.clear();
    return scratch_;
  }

  // --- waiting; `wait` objects are suspended by the caller, and unlink themselves
  bool is_congested() const noexcept { return is_open() && line_->backlog() >= options_.send_buffer; }
  void wait_for_room(wait& w) { room_.push_back(&w); }
  void wait_for_settled(wait& w) { settling_.push_back(&w); }
  void wait_for_end(wait& w) { ending_.push_back(&w); }
  void ping(wait& w);
  /// Every wait that was handed in must come here before it goes.
  void forget(wait& w) noexcept;
  bool is_settled() const noexcept { return state_ != state::connecting; }
  void rethrow_failure() const;

  // --- the budget of received items
  void note_queued(std::size_t n);
  void note_taken(std::size_t n);

  // line_sink
  void on_open(const header_list& response_headers) override;
  void on_failed(std::exception_ptr why) override;
  void on_message(bytes_view message) override;
  void on_writable() override;
  void on_pong() override;
  void on_closed(const close_reason& why) override;

private:
  enum class state { connecting, open, over };
  void wake_one(std::deque<wait*>& waits);
  void end(const close_reason& why);
  std::exception_ptr end_of(const open_call& c, const close_reason& why) const;

  swill::loop& loop_;
  client_options options_;
  limits limits_;
  std::shared_ptr<line> line_; // shared with what is under way below
  state state_ = state::connecting;
  header_list response_headers_;
  std::exception_ptr failure_;
  std::optional<close_reason> closed_;
  std::unordered_map<std::uint64_t, open_call*> calls_;
  std::uint64_t last_seq_ = 0;
  std::size_t largest_sent_ = 0; // of all messages
  std::deque<wait*> room_;
  std::deque<wait*> settling_;
  std::deque<wait*> ending_;
  std::deque<wait*> pings_; // null: the one that asked is gone
  buffer scratch_;
  std::size_t queued_ = 0;
  bool paused_ = false;
};

} // namespace swill::client_detail
