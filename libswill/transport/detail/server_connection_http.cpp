#include "libswill/transport/detail/server_connection.hpp"

#include "libswill/base/frame_memory.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/net/http/response.hpp"
#include "libswill/net/websocket/upgrade.hpp"
#include "libswill/transport/detail/pending_handshake.hpp"

#include <optional>
#include <utility>

// The handshake: from the HTTP request to an open connection or a refusal.

namespace swill::transport::detail {

void server_connection::on_secured() {
  lane_.count.tls_handshakes.add();
  if (tls()->is_resumed()) lane_.count.tls_resumed.add();
  lane_.count.tls_nanoseconds.add(static_cast<std::uint64_t>(tls()->cost().count()));
}

// The peer may have a reason to go on sending; it is told by an alert, which lingering brings to it.
void server_connection::on_tls_failed(const std::string& why) {
  lane_.count.tls_failures.add();
  const std::string who = http_ != nullptr ? " with " + http_->peer.address : std::string{};
  lane_.log.write(log_level::info, "TLS", "TLS" + who + " failed: " + why);
  our_close_ = {1006, "TLS failed", true};
  if (phase_ == phase::deciding || phase_ == phase::answering) return die(our_close_);
  finish(our_close_);
  linger(true);
}

void server_connection::read_head() {
  const auto state = http_->head.put(kept_.view());
  switch (state) {
    case net::http::request_head::state::incomplete:
      if (peer_ended_) die({1006, "end of stream", true});
      return;
    case net::http::request_head::state::bad: return refuse_head(400, "Bad Request");
    case net::http::request_head::state::too_large: return refuse_head(431, "Request Header Fields Too Large");
    case net::http::request_head::state::complete: break;
  }
  net::http::request request = http_->head.take();
  kept_.consume(http_->head.used());
  decide(std::move(request));
}

void server_connection::decide(net::http::request request) {
  http_->is_head = request.method == "HEAD";
  auto match = http_->routes.find(request.target);
  if (match.found != nullptr && match.found->to != nullptr)
    return ask(std::move(request), *match.found, std::move(match.path));
  if (http_->is_internal) {
    http_->target = std::move(request.target);
    if (!net::http::has_right_host(request)) return respond(400, net::http::wrong_host, {});
    return respond(404, "Not Found", {});
  }
  upgrade_verdict verdict = check_upgrade(request, core_->rules,
                                          {.full = !core_->move(seat_, seat::place),
                                           .draining = core_->draining.load(std::memory_order_relaxed),
                                           .is_ready = &core_->settings.is_ready});
  if (verdict.status != 101) {
    http_->target = std::move(request.target);
    return respond(verdict.status, verdict.body, verdict.headers);
  }

  if (peer_ended_) return die({1006, "end of stream", true}); // it sends no messages: see on_peer_gone()

  http_->key = std::move(verdict.key);
  http_->subprotocol = verdict.subprotocol;
  echo_ = verdict.echo;
  if (echo_) return open({}, nullptr);

  phase_ = phase::deciding;
  handshake_request asked{.method = std::move(request.method),
                          .target = std::move(request.target),
                          .headers = std::move(request.headers),
                          .remote_address = std::move(http_->peer.address),
                          .remote_port = http_->peer.port,
                          .tls = tls() != nullptr,
                          .certificate = tls() != nullptr ? tls()->peer() : nullptr,
                          .subprotocol = std::move(verdict.subprotocol)};
  using pending = pending_handshake<server_connection>;
  auto h = std::allocate_shared<pending>(swill::detail::frame_allocator<pending>{}, shared_from_this(), lane_.loop,
                                         std::move(asked));
  http_->asked = h;
  try {
    core_->entrance.on_handshake(std::move(h));
  } catch (...) {
    lane_.log.write_caught("on_handshake", "exception in on_handshake: ");
    reject(500, "Internal Server Error", {});
  }
}

message_port* server_connection::accept(const header_list& headers, message_sink& sink) {
  if (phase_ != phase::deciding) return nullptr;
  for (const auto& [name, value] : headers) {
    if (header_fields::may_travel(name, value) && !is_reserved_header(name)) continue;
    log_unfit_header(name, "");
    respond(500, "Internal Server Error", {});
    return nullptr;
  }
  open(headers, &sink);
  return phase_ == phase::open ? this : nullptr;
}

void server_connection::reject(int status, std::string_view body, const header_list& headers) {
  if (phase_ != phase::deciding) return;
  respond(status, body, headers);
}

void server_connection::open(const header_list& headers, message_sink* sink) {
  const std::size_t limit = echo_ ? core_->settings.echo_size : limits_of().message_size;
  codec_ = std::make_unique<websocket::codec>(websocket::role::server, limit);
  prepare_output();
  websocket::append_switching_protocols(output_, http_->key, http_->subprotocol, headers);
  flush_later();
  http_.reset();
  sink_ = sink;
  phase_ = phase::open;
  lane_.count.upgraded.add();
  if (limits_of().ping_interval.count() != 0) arm(now() + limits_of().ping_interval);
  fresh_ = !kept_.empty(); // frames that came with the request go up after accept() has returned
  if (fresh_) resume_later();
}

/// What a hook rejects has its line already. A query stays out of the log: it may hold what lets its client in.
void server_connection::log_rejection(int status, std::string_view body) const {
  const logger log{&core_->settings.log, log_room::transport};
  if (phase_ == phase::deciding || http_ == nullptr || !log.enabled(log_level::trace)) return;
  const std::string_view target = http_->target;
  const std::string_view path = target.substr(0, target.find('?'));
  const log_field fields[]{{"status", status}, {"reason", body}, {"path", path}, {"address", http_->peer.address}};
  log.write(log_level::trace, "a handshake is rejected", fields);
}

/// What has come of a request that is not going to be read.
void server_connection::refuse_head(int status, std::string_view body, const header_list& headers) {
  http_->is_head = http_->head.is_for_head(kept_.view());
  respond(status, body, headers);
}

void server_connection::log_unfit_header(std::string_view name, const std::string& whose) {
  lane_.log.write(log_level::error, "response header",
                  "response header that may not travel" + whose + ": " + printable(name));
}

void server_connection::respond(int status, std::string_view body, const header_list& headers) {
  if (status < 200 || status > 599) {
    lane_.log.write(log_level::error, "status", "rejection with a status that is none: " + std::to_string(status));
    status = 500;
  }
  lane_.count.rejected[status].add();
  log_rejection(status, body);
  prepare_output();
  std::optional<std::string> left_out;
  const std::string response =
      net::http::response(status, body, headers, http_ != nullptr && http_->is_head, &left_out);
  if (left_out) log_unfit_header(*left_out, "");
  output_.append(response.data(), response.size());
  http_.reset();
  our_close_ = {1006, "rejected", false};
  linger(true);
}

} // namespace swill::transport::detail
