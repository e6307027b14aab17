#include "libswill/transport/detail/server_connection.hpp"

#include "libswill/net/http/response.hpp"
#include "libswill/transport/detail/pending_answer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

// Requests by HTTP beside the WebSocket: one after the other, each answered before the next is looked at. A body that is not there at once is read in
// pieces, each when the one before has left.

namespace swill::transport::detail {

namespace {

/// Why a request is refused before anybody is asked; 0: it is not.
int status_of_refusal(const net::http::request& r) {
  if (!net::http::has_right_host(r)) return 400;
  if (net::http::has_body(r.headers)) return 413; // what follows is not ours to read: the connection ends
  return r.method == "GET" || r.method == "HEAD" ? 0 : 405;
}

bool may_keep(const net::http::request& r) {
  return r.version >= 11 ? !header_fields::lists(r.headers, "Connection", "close")
                         : header_fields::lists(r.headers, "Connection", "keep-alive");
}

/// The next piece of a body, on its way to the pool and back.
class piece_job final : public short_job {
public:
  piece_job(std::weak_ptr<server_connection> of, std::shared_ptr<net::http::body_source> from, buffer&& to,
            std::size_t room)
      : of_(std::move(of)), from_(std::move(from)), bytes_(std::move(to)), room_(room) {}

  void run() noexcept override {
    if (!of_.expired()) bytes_.commit(from_->read(bytes_.data(), room_));
    from_.reset(); // where the connection has gone, the file is closed here
  }
  void on_done() override {
    if (const auto c = of_.lock()) c->send_piece(std::move(bytes_));
  }

private:
  std::weak_ptr<server_connection> of_;
  std::shared_ptr<net::http::body_source> from_; // with the connection, until it is read
  buffer bytes_;
  std::size_t room_;
};

} // namespace

void server_connection::ask(net::http::request request, const net::http::route& route, std::string path) {
  const int refusal = status_of_refusal(request);
  const bool is_busy = refusal == 0 && !http_->is_internal && !core_->move(seat_, seat::place);
  if (refusal != 0 || is_busy) http_->target = request.target;
  switch (refusal) {
    case 400: return respond(400, net::http::wrong_host, {});
    case 413: return respond(413, "This path takes no body", {});
    case 405: return respond(405, "Method Not Allowed", {{"Allow", "GET, HEAD"}});
    default: break;
  }
  if (is_busy) return respond(503, "Server is busy", {{"Retry-After", "1"}});
  http_->is_old = request.version < 11;
  http_->keeps = may_keep(request);
  http_->is_answered = false;
  http_->at = route.path;
  phase_ = phase::answering;
  lane_.count.answering.add();
  const auto port = std::make_shared<pending_answer<server_connection>>(shared_from_this(), lane_.loop, lane_.jobs);
  try {
    route.to->on_request({.head = std::move(request),
                          .path = std::move(path),
                          .mounted_at = route.path == "/" ? 0 : route.path.size(),
                          .remote_address = http_->peer.address},
                         port);
  } catch (...) {
    lane_.log.write_caught("http", "exception in the handler of " + route.path + ": "); // without an answer it is 500
  }
}

void server_connection::answer(net::http::answer_content a) {
  if (phase_ != phase::answering || http_->is_answered) return;
  const auto keep = shared_from_this();
  guarded([&] { send_answer(std::move(a)); });
}

void server_connection::send_answer(net::http::answer_content a) {
  http_part& h = *http_;
  if (!a.trouble.empty()) lane_.log.write(log_level::warning, "http trouble", a.trouble);
  if (a.status < 200 || a.status > 599) {
    lane_.log.write(log_level::error, "status",
                    "answer with a status that is none, by the handler of " + std::string{h.at} + ": " +
                        std::to_string(a.status));
    a = {.status = 500, .body = "Internal Server Error"};
  }
  if (core_->draining.load(std::memory_order_relaxed)) h.keeps = false;
  h.is_answered = true;
  lane_.count.answered[a.status].add();
  const std::string_view connection = !h.keeps ? "close" : h.is_old ? "keep-alive" : "";
  std::optional<std::string> left_out;
  const std::string head = net::http::response_head(a.status, a.headers, connection, a.body.size() + a.left, &left_out);
  if (left_out) log_unfit_header(*left_out, " by the handler of " + std::string{h.at});
  prepare_output();
  output_.append(head.data(), head.size());
  if (!h.is_head && a.status != 204 && a.status != 304) {
    output_.append(a.body.data(), a.body.size());
    h.left = a.left;
    h.rest = std::move(a.rest);
  }
  account();
  flush_later();
}

/// What was written has left.
void server_connection::go_on_answering() {
  http_part& h = *http_;
  if (!h.is_answered || h.is_reading || backlog() != 0) return;
  if (h.left == 0) return end_answer();
  if (h.rest == nullptr) return die({1006, "body without an end", false});
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(h.left, net::http::body_piece));
  buffer to = lane_.loop.sockets()->take_buffer();
  to.reserve(room);
  h.is_reading = true;
  lane_.jobs->push(std::make_shared<piece_job>(weak_from_this(), h.rest, std::move(to), room));
}

void server_connection::send_piece(buffer&& bytes) {
  if (phase_ != phase::answering) return;
  guarded([&] {
    http_->is_reading = false;
    if (bytes.empty()) {
      // The head has promised more. Only the end of the connection tells the peer that it does not come.
      lane_.log.write(log_level::warning, "http short", "a file became shorter while it was sent: connection dropped");
      return die({1006, "short body", false});
    }
    http_->left -= bytes.size();
    lane_.loop.sockets()->give_back(std::move(output_));
    output_ = std::move(bytes);
    account();
    flush_later();
  });
}

void server_connection::end_answer() {
  lane_.count.answering.subtract();
  http_->rest.reset();
  ++http_->answers;
  if (!http_->keeps || (peer_ended_ && kept_.empty())) {
    our_close_ = {1006, "answered", false};
    return linger(true);
  }
  phase_ = phase::head;
  http_->head.restart();
  arm(deadline_ = now() + (kept_.empty() ? limits_of().keep_alive_timeout : limits_of().handshake_timeout));
  if (!kept_.empty()) resume_later();
  watch();
}

} // namespace swill::transport::detail
