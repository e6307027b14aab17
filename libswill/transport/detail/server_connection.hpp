#pragma once

#include "libswill/net/http/request_head.hpp"
#include "libswill/net/http/router.hpp"
#include "libswill/net/stream_socket.hpp"
#include "libswill/net/websocket/codec.hpp"
#include "libswill/net/websocket/frame.hpp"
#include "libswill/transport/detail/core.hpp"

#include <cstdint>
#include <memory>

namespace swill::transport::detail {

namespace websocket = net::websocket;

/// One connection of a server, from accept() to the end of TCP: first HTTP requests, then messages, where one of them asks for that. All of it
/// on one loop. server_connection_http.cpp has the handshake, server_connection_answers.cpp other requests, server_connection_input.cpp what is
/// read, server_connection_output.cpp what is written, server_connection_memory.cpp what is kept, server_connection.cpp its life.
class server_connection final : public std::enable_shared_from_this<server_connection>,
                                public message_port,
                                private net::stream_socket,
                                private timer {
public:
  server_connection(std::shared_ptr<core> c, lane& l, net::newcomer n, const door& through, seat has);
  ~server_connection();

  void start();

  /// The server stops: a close handshake with 1001, or 503 for what is no connection yet.
  void shut_down();
  /// Ends the connection of `l` that has waited longest for its peer's end, of those whose peers have all of our output where that can be. False: there is
  /// none that waits.
  static bool end_longest_done(lane& l);
  // message_port
  swill::loop& loop() noexcept override { return lane_.loop; }
  buffer& begin_message() override;
  void end_message() override;
  void cancel_message() override;
  std::size_t backlog() const noexcept override { return stream_socket::backlog(); }
  bool has_room(std::uint64_t seq, std::size_t send_buffer) override;
  swill::traffic traffic() const noexcept override { return traffic_; }
  void close(int code, std::string_view reason) override;
  /// Ends it at once, whatever it is doing.
  void drop() override { die(phase_ == phase::closing ? our_close_ : close_reason{1006, "dropped", false}); }
  void pause_reading(bool paused) override;
  void on_held(std::ptrdiff_t bytes) override;

  // for the handshake that waits for a decision
  bool is_deciding() const noexcept { return phase_ == phase::deciding; }
  message_port* accept(const header_list& headers, message_sink& sink);
  void reject(int status, std::string_view body, const header_list& headers);

  // for the request by HTTP that waits for its answer
  void answer(net::http::answer_content a);
  /// The next piece of its body has been read; empty: there is none.
  void send_piece(buffer&& bytes);

  server_connection* next = nullptr; ///< in its list of its lane, which lane::first or lane::done begins
  server_connection** here =
      nullptr; ///< the pointer that points to this one: that of the lane, or the `next` of the one before

private:
  enum class phase : std::uint8_t {
    head,      // reading the HTTP request
    deciding,  // the gate has it
    answering, // another HTTP request: somebody has it, or its answer goes out
    open,      // messages
    closing,   // our close frame is out, the peer's is awaited
    lingering, // all is said: the output goes out, input is thrown away until the peer's end of TCP
    ended,
  };
  struct http_part;

  static constexpr int looks = 4; // at what the peer has taken, within limits::slow_reader_timeout

  // server_connection.cpp
  std::shared_ptr<void> keep_alive() override { return self_; }
  void on_exception(std::exception_ptr e) noexcept override;
  void on_timer() override;
  void check_deadlines();
  void check_ping();
  void send_ping();
  void arm(clock_time when);
  void finish(const close_reason& why);
  void linger(bool until_peer_ends);
  bool take_waiting_seat();
  static server_connection* longest_done(lane& l) noexcept;
  void join_done() noexcept;
  void leave_list() noexcept;
  void die(const close_reason& why);
  const limits& limits_of() const noexcept { return core_->settings.limits; }
  clock_time now() const noexcept { return lane_.loop.now(); }

  // server_connection_http.cpp
  void read_head();
  void decide(net::http::request request);
  void open(const header_list& headers, message_sink* sink);
  void respond(int status, std::string_view body, const header_list& headers);
  void refuse_head(int status, std::string_view body, const header_list& headers = {});
  void log_unfit_header(std::string_view name, const std::string& whose);
  void log_rejection(int status, std::string_view body) const;

  void on_secured() override;
  void on_tls_failed(const std::string& why) override;

  // server_connection_answers.cpp
  void ask(net::http::request request, const net::http::route& route, std::string path);
  void send_answer(net::http::answer_content a);
  void go_on_answering();
  /// Between two answers: what has come with the requests before is going to be looked at.
  bool has_more_requests() const noexcept { return phase_ == phase::head && resuming_ && !kept_.empty(); }
  void end_answer();

  // server_connection_input.cpp
  bool wants_input() const noexcept override;
  bool wants_input_soon() const noexcept override;
  bool watches_end() const noexcept override;
  std::size_t on_read_begin() override;
  void on_input(bytes_view data) override;
  void on_read_end(bool done) override { note_input(done && !turn_over_); }
  void on_peer_gone(int error) override {
    if (error != 0 && (phase_ == phase::answering || has_more_requests())) return on_broken();
    on_peer_gone(error == 0 ? "end of stream" : "connection lost");
  }
  void on_broken() override;
  void on_end_waits() override;
  void on_later() noexcept override;
  void take(bytes_view data);
  std::size_t decode(bytes_view data);
  bool is_turn_over() noexcept;
  bool step();
  bool step_in_scratch();
  bool receive(std::byte* to, std::size_t room, std::size_t& have);
  void deliver(bytes_view message);
  void on_peer_gone(const char* how);
  void resume_later();
  void resume();
  void go_on_later();

  // server_connection_memory.cpp
  bool may_deliver() const noexcept;
  void check_output();
  void check_memory();
  void hold();
  void time_message();
  void stop_clock();
  void resume_clock();
  bool waits_for_us() const noexcept;
  bool is_message_late();
  void account() noexcept;
  void account(std::size_t mine) noexcept;

  // server_connection_output.cpp
  bool ends_with_output() const noexcept override;
  void on_flush() override;
  void on_sent(std::size_t bytes) override;
  void on_send_failed(int error) override;
  void on_flushed() override;
  void on_stuck() override;

  std::shared_ptr<core> core_;
  lane& lane_;
  std::shared_ptr<server_connection>
      self_; // from start() until die(): nothing else keeps a connection that waits for nothing
  phase phase_ = phase::head;
  seat seat_;              // in core: what it counts as
  bool congested_ = false; // more than twice the send buffer and one message is queued: nothing is read
  bool was_full_ = false;  // half the send buffer was used: on_writable when it no longer is
  bool full_ = false;      // it keeps as much input as limits::connection_memory lets it: nothing is read
  bool short_ = false;     // it keeps more than its share of limits::server_memory: the same
  bool fresh_ = false;     // accepted in this turn: messages come in a later one
  bool resuming_ = false;  // a resume is posted, or waits for its turn
  bool posted_ = false;    // the former
  bool turn_over_ = false; // in this read: the rest waits for a later turn
  bool pinged_ = false;
  bool linger_for_peer_ = false;
  bool echo_ = false;
  bool peer_ended_ = false; // its side of TCP: there is nothing more to read
  bool end_seen_ = false;   // the same, while what came before still waits to be read
  bool output_shut_ = false;
  bool done_ = false;          // in lane::done
  bool told_ = false;          // on_closed was called
  unsigned pauses_ = 0;        // that the application has asked for
  std::size_t accounted_ = 0;  // in core::memory
  std::size_t held_ = 0;       // bytes of messages that requests keep until their handlers take them
  buffer message_;             // what came of a message that is not complete
  std::size_t largest_ = 0;    // message in output_ since it was last empty
  std::size_t message_at_ = 0; // where the message being written began
  std::uint64_t ping_at_ = 0;  // bytes of output before our last ping
  swill::traffic traffic_;
  int budget_ = 0;                          // messages that may still be delivered in this turn
  std::unique_ptr<http_part> http_;         // until it is open
  std::unique_ptr<websocket::codec> codec_; // from then on
  message_sink* sink_ = nullptr;
  close_reason our_close_;
  clock_time heard_{};    // when the peer last sent anything
  clock_time deadline_{}; // of the head, the ping, the close handshake, lingering: whatever the phase waits for
  clock_time begun_{};    // when the first bytes of an unfinished message came
  clock_time stopped_{};  // since when we do not read the rest, for reasons of ours
  clock_time progress_{}; // when output last moved, while output waits
};

/// The HTTP side of a connection, given back when it is open.
struct server_connection::http_part : swill::detail::in_frame_memory {
  http_part(std::size_t size, const net::http::router& r, const door& through)
      : head(size), routes(r), is_internal(through.how.is_internal), door_tls(through.tls.get()) {}
  net::http::request_head head;
  const net::http::router& routes; ///< of its listener
  const bool is_internal;          ///< that listener
  const net::tls_server* door_tls; ///< its TLS, or null
  net::newcomer peer;
  std::string key;
  std::string subprotocol;
  std::string target;             ///< what was asked for, when the answer is no
  std::string_view at;            ///< the path of the route that answers
  std::weak_ptr<handshake> asked; // owned by the gate's side
  bool is_head = false;           ///< the request's method was HEAD

  // Of the request that is being answered
  bool is_old = false;                          ///< HTTP/1.0
  bool keeps = false;                           ///< another one may follow it
  bool is_answered = false;                     ///< its head is in the output, or has left
  bool is_reading = false;                      ///< the next piece of its body is being read
  std::uint64_t left = 0;                       ///< of its body, besides what is in the output
  std::shared_ptr<net::http::body_source> rest; // with whoever reads from it
  std::size_t answers = 0;                      ///< that were sent whole
};

} // namespace swill::transport::detail
