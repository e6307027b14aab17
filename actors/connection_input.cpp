#include "actors/connection_actor.hpp"

#include "libswill/api/serving/open_message.hpp"

// What a connection does with the envelopes of its client (docs/protocol.md §3, §5).

namespace swill::actors {

using wire::request_type;

namespace {
/// Data of more than this for each value that may be decoded here mostly hold too many, and are not tried first.
constexpr std::size_t longest_value = 16;
} // namespace

void connection_actor::on_message(bytes_view message) {
  if (is_closed_ || serve_at_once(message)) return;
  const wire::decoded_request in = wire::decode_request(message, app().limits);
  switch (in.status) {
    case wire::decode_status::ok: on_envelope(in.envelope); break;
    case wire::decode_status::bad_request:
      bad_request({.seq = in.envelope.seq, .rpc = in.bad_rpc, .type = in.bad_type}, in.problem);
      break;
    case wire::decode_status::undecodable: close(1007, in.problem); break;
  }
}

/// The next item of a stream, or the next request of the handler that served the last one, where that takes the message as it comes: then its
/// decoder is the only one that walks through the data. False, and nothing has happened, for all else, above all for whatever something is
/// wrong with.
bool connection_actor::serve_at_once(bytes_view message) {
  const wire::usual_request in{message};
  if (in.seq() == 0) return false;
  wire::request_envelope e{.seq = in.seq(), .is_checked = false};
  request_call* open = find_open(in.seq());
  const detail::handler* h = open != nullptr ? &open->target() : last_handler_;
  if (h == nullptr) return false;
  e.rpc = h->name;
  e.data = in.data_for(e.rpc);
  if (e.data.empty() || e.data.size() / longest_value > app().limits.elements_on_loop) return false;
  if (open != nullptr) return h->request_streams && open->on_item(e);
  if (!h->takes_at_once) return false;
  if (h->chosen != detail::handler::way::waiting) return may_open() && serve_plain(*h, e);
  return may_begin() && take(*h, e);
}

/// As above, for a handler that may wait.
bool connection_actor::take(const detail::handler& h, const wire::request_envelope& e) {
  caf::strong_actor_ptr a = take_request_actor(home());
  request_call& r = as_request(a).call();
  r.connection = this;
  const bool is_taken = r.take(around_, h, e);
  if (is_taken) {
    run(std::move(a), h, e);
  } else {
    home().idle_requests.push_back(std::move(a));
  }
  return is_taken;
}

void connection_actor::answer_error(const wire::request_envelope& e, const error& why) {
  detail::open_message message{*around_.port};
  wire::write_error(message.to(), e.seq, why);
  message.end();
  const logger log{&app().log, log_room::actors};
  if (!log.enabled(log_level::trace)) return;
  const log_field fields[]{{"code", why.code}, {"message", why.message}};
  log.write(log_entry{.level = log_level::trace,
                      .text = "a request is refused",
                      .connection = facts_->id(),
                      .rpc = e.rpc,
                      .seq = e.seq,
                      .user = facts_->user(),
                      .trace = detail::call::trace_in(e.metadata, app().limits.nesting),
                      .fields = fields});
}

void connection_actor::refuse(const wire::request_envelope& e, const error& why) {
  answer_error(e, why);
  refuse_rest(e);
}

void connection_actor::refuse_rest(const wire::request_envelope& e) {
  if (e.type != request_type::message && e.type != request_type::metadata) return;
  const detail::handler* h = find_handler(e.rpc);
  if (h != nullptr && !h->request_streams) return; // nothing follows
  to_book().refused.add(e.seq, e.rpc, home().loop().now(), h == nullptr && e.type == request_type::metadata);
}

void connection_actor::bad_request(const wire::request_envelope& e, std::string_view problem) {
  error why{error_code::bad_request, std::string{problem}};
  if (request_call* r = find_open(e.seq)) {
    const bool same_rpc = e.rpc == r->target().name;
    r->fail(why);
    if (!same_rpc && !e.rpc.empty()) refuse_rest(e);
    return;
  }
  if (e.rpc.empty()) return answer_error(e, why);
  if (!is_late(e, find_handler(e.rpc))) refuse(e, why);
}

void connection_actor::on_envelope(const wire::request_envelope& e) {
  if (request_call* r = find_open(e.seq)) {
    on_open_request(*r, e);
  } else {
    on_new_request(e);
  }
}

void connection_actor::on_open_request(request_call& c, const wire::request_envelope& e) {
  const bool same_rpc = e.rpc == c.target().name;
  switch (e.type) {
    case request_type::message:
      if (same_rpc && c.target().request_streams) {
        c.on_item(e);
        return;
      }
      c.fail(error{error_code::bad_request, "seq is in use"});
      break;
    case request_type::end_of_stream:
      if (same_rpc) c.on_end_of_stream();
      return;
    case request_type::metadata:
      c.fail(error{error_code::bad_request, same_rpc ? "METADATA after the opening" : "seq is in use"});
      break;
    case request_type::cancel:
      if (same_rpc) c.cancel_request();
      return;
  }
  if (!same_rpc) refuse_rest(e);
}

const detail::handler* connection_actor::find_handler(std::string_view rpc) noexcept {
  if (last_handler_ != nullptr && last_handler_->name == rpc) return last_handler_;
  const detail::handler* h = app().find(rpc);
  if (h != nullptr) {
    last_handler_ = h;
    return h;
  }
  for (detail::dynamic_handlers* others : home().dynamic) { // not remembered: it may go
    if (h = others->find(rpc); h != nullptr) break;
  }
  return h;
}

bool connection_actor::was_refused(const wire::request_envelope& e, const detail::handler* h) {
  if (book().refused.empty()) return false;
  refused_uploads& refused = book_->refused;
  refused_uploads::upload* u = refused.find(e.seq, e.rpc);
  if (u == nullptr) {
    if (h == nullptr || !refused.may_be_forgotten(e.seq, home().loop().now())) return false;
    refuse(e, errors::too_many("An upload under this number may have been refused before", app().limits.retry_after));
    return true;
  }
  if (e.type == request_type::end_of_stream) {
    refused.erase(e.seq, e.rpc);
  } else if (u->by_metadata && h == nullptr && e.type == request_type::message) {
    u->by_metadata = false;
    return false;
  }
  return true;
}

bool connection_actor::is_late(const wire::request_envelope& e, const detail::handler* h) {
  if (h != nullptr && !h->request_streams) return false;
  return was_refused(e, h) || (h != nullptr && is_remembered(e.seq, e.rpc));
}

namespace {

/// Why a name that nobody serves is refused; `expected`: somebody may be about to.
error no_handler(bool expected, const limits& l) {
  if (!expected) return {error_code::not_found, "No func was found to process this request"};
  return errors::unavailable("Nobody serves this yet", {{"retry_after_ms", l.retry_after.count()}});
}

} // namespace

void connection_actor::on_new_request(const wire::request_envelope& e) {
  if (e.type == request_type::cancel) {
    if (!book().refused.empty()) book_->refused.erase(e.seq, e.rpc);
    return;
  }
  const detail::handler* h = find_handler(e.rpc);
  if (h != nullptr && detail::call::is_plain(*h, e, app()) && e.values <= app().limits.elements_on_loop && may_open()) {
    serve_plain(*h, e);
    return;
  }
  if (is_late(e, h)) return;
  if (h == nullptr) {
    if (e.type == request_type::end_of_stream) return;
    return refuse(e, no_handler(home().expects_handlers, app().limits));
  }
  if (!h->request_streams && e.type != request_type::message) {
    if (e.type == request_type::metadata)
      answer_error(e, error{error_code::bad_request, "METADATA cannot open a unary request"});
    return;
  }
  open(*h, e);
}

bool connection_actor::may_open() const noexcept {
  return !is_draining() && open_requests() < app().limits.requests_per_connection;
}

bool connection_actor::serve_plain(const detail::handler& h, const wire::request_envelope& e) {
  caf::strong_actor_ptr a = take_request_actor(home());
  request_actor& actor = as_request(a);
  actor.call().connection = this;
  const bool is_served = actor.call().serve_plain(around_, h, e);
  if (actor.is_recyclable()) {
    home().idle_requests.push_back(std::move(a));
  } else {
    actor.quit();
  }
  return is_served;
}

/// One more request may run. Those that are answered or cancelled but still run are no longer open. They count all the same, in a limit of
/// their own: otherwise MESSAGE and CANCEL in turn would pile them up.
bool connection_actor::may_begin() const noexcept {
  const request_book& b = book();
  return may_open() && (b.requests.size() + b.orphans.size()) / 2 < app().limits.requests_per_connection;
}

void connection_actor::open(const detail::handler& h, const wire::request_envelope& e) {
  if (is_draining()) return refuse(e, going_away());
  if (!may_begin()) return refuse(e, errors::too_many("Too many open requests", app().limits.retry_after));
  if (const auto problem = detail::call::problem_of(e, app().limits)) return refuse(e, *problem);
  caf::strong_actor_ptr a = take_request_actor(home());
  as_request(a).call().connection = this;
  run(std::move(a), h, e);
}

void connection_actor::run(caf::strong_actor_ptr a, const detail::handler& h, const wire::request_envelope& e) {
  request_call& r = as_request(a).call();
  request_book& mine = to_book();
  r.slot = mine.requests.size();
  mine.requests.push_back(std::move(a));
  mine.open.insert(e.seq, r);
  r.open(around_, h, e);
}

} // namespace swill::actors
