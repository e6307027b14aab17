#include "actors/connection_actor.hpp"

// What a connection does with the envelopes of its client (docs/protocol.md §3, §5).

namespace swill::actors {

using wire::request_type;

void connection_actor::on_message(bytes_view message) {
  if (is_closed_) return;
  const wire::decoded_request in = wire::decode_request(message, app_->limits);
  switch (in.status) {
    case wire::decode_status::ok: on_envelope(in.envelope); break;
    case wire::decode_status::bad_request: bad_request(in.envelope.seq, in.problem); break;
    case wire::decode_status::undecodable: close(1007, in.problem); break;
  }
}

void connection_actor::answer_error(std::uint64_t seq, const error& e) {
  buffer& out = port_->begin_message();
  wire::writer w{out};
  wire::write_error(w, seq, e);
  port_->end_message();
}

void connection_actor::bad_request(std::uint64_t seq, std::string_view problem) {
  error e{error_code::bad_request, std::string{problem}};
  if (request_state* r = open_.find(seq)) {
    r->call().fail(e);
  } else {
    answer_error(seq, e);
  }
}

void connection_actor::on_envelope(const wire::request_envelope& e) {
  if (request_state* r = open_.find(e.seq)) {
    on_open_request(*r, e);
  } else {
    on_new_request(e);
  }
}

void connection_actor::on_open_request(request_state& r, const wire::request_envelope& e) {
  detail::call& c = r.call();
  const bool same_rpc = e.rpc == c.target().name;
  switch (e.type) {
    case request_type::message:
      if (same_rpc && c.target().request_streams) return c.on_item(e.data, e.values);
      return c.fail(error{error_code::bad_request, "seq is in use"});
    case request_type::end_of_stream:
      if (same_rpc) c.on_end_of_stream();
      return;
    case request_type::metadata:
      return c.fail(error{error_code::bad_request, same_rpc ? "METADATA after the opening" : "seq is in use"});
    case request_type::cancel:
      if (same_rpc) c.cancel_request();
      return;
  }
}

const detail::handler* connection_actor::find_handler(std::string_view rpc) noexcept {
  if (last_handler_ != nullptr && last_handler_->name == rpc) return last_handler_;
  const detail::handler* h = app_->find(rpc);
  if (h != nullptr) {
    last_handler_ = h;
  } else if (home().dynamic != nullptr) {
    h = home().dynamic->find(rpc); // not remembered: it may go
  }
  return h;
}

void connection_actor::on_new_request(const wire::request_envelope& e) {
  if (e.type == request_type::cancel) return;
  const detail::handler* h = find_handler(e.rpc);
  if (h == nullptr) {
    if (e.type == request_type::end_of_stream) return;
    return answer_error(e.seq, error{error_code::not_found, "No func was found to process this request"});
  }
  if (detail::call::is_plain(*h, e) && e.values <= app_->limits.elements_on_loop && !is_draining_ &&
      open_.size() < app_->limits.requests_per_connection) {
    return serve_plain(*h, e);
  }
  if (h->request_streams) {
    if (is_remembered(e.seq, *h)) return; // crossed the end of its request on the wire
  } else if (e.type != request_type::message) {
    if (e.type == request_type::metadata)
      answer_error(e.seq, error{error_code::bad_request, "METADATA cannot open a unary request"});
    return;
  }
  open(*h, e);
}

void connection_actor::serve_plain(const detail::handler& h, const wire::request_envelope& e) {
  caf::strong_actor_ptr a = take_request_actor(home());
  request_actor& actor = as_request(a);
  request_state& r = actor.state();
  r.connection = this;
  r.call().serve_plain(h, e);
  if (actor.is_recyclable()) {
    home().idle_requests.push_back(std::move(a));
  } else {
    actor.quit();
  }
}

void connection_actor::open(const detail::handler& h, const wire::request_envelope& e) {
  if (is_draining_) return answer_error(e.seq, error{error_code::unavailable, "The server is going away"});
  // Those that are answered or cancelled but still run are no longer open. They count all the same, in a limit of their own: otherwise
  // MESSAGE and CANCEL in turn would pile them up.
  const std::size_t most = app_->limits.requests_per_connection;
  if (open_.size() >= most || (requests_.size() + orphans_.size()) / 2 >= most) {
    return answer_error(e.seq, error{error_code::too_many_requests, "Too many open requests",
                                     value::map({{"retry_after_ms", app_->limits.retry_after.count()}})});
  }
  if (const auto problem = detail::call::problem_of(e, app_->limits)) return answer_error(e.seq, *problem);
  caf::strong_actor_ptr a = take_request_actor(home());
  request_state& r = as_request(a).state();
  r.connection = this;
  r.slot = requests_.size();
  requests_.push_back(std::move(a));
  open_.insert(e.seq, r);
  r.call().open(h, e);
}

} // namespace swill::actors
