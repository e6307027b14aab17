#include "actors/workers/gateway_lane.hpp"

#include "actors/connection_actor.hpp"
#include "actors/workers/remote_call.hpp"
#include "libswill/api/types/codec.hpp"
#include "libswill/base/header_fields.hpp"
#include "libswill/wire/codec.hpp"
#include "libswill/wire/envelope.hpp"

#include <algorithm>

namespace swill::actors::workers {

namespace {

/// Text from a peer that need not be UTF-8, as what can travel.
value any_text(std::string_view s) { return bytes{as_bytes(s).begin(), as_bytes(s).end()}; }

} // namespace

// --- Connections

images::~images() { end({1001, {}, false}); }

void images::end(const close_reason& why) {
  const std::uint32_t code = static_cast<std::uint32_t>(why.code) | (why.by_peer ? by_peer_mark : 0);
  for (const image& i : std::exchange(all_, {})) {
    if (*i.lane == nullptr) continue;
    gateway_lane& l = **i.lane;
    if (l.leave_connection(i.number)) l.write(record::disconnect, i.number, code, as_bytes(why.reason));
  }
}

std::uint32_t images::number_on(gateway_lane& l, connection& c) {
  std::erase_if(all_, [](const image& i) { return *i.lane == nullptr; });
  for (image& i : all_) {
    if (*i.lane != &l) continue;
    if (i.user != c.user()) {
      i.user = c.user();
      l.write(record::user, i.number, 0, as_bytes(i.user));
    }
    return i.number;
  }
  const std::uint32_t number = l.enter_connection(c, *this);
  all_.push_back({l.self_, number, c.user()});
  l.send_facts(number, c);
  return number;
}

bool images::is_on(const gateway_lane& l) const noexcept {
  return std::any_of(all_.begin(), all_.end(), [&l](const image& i) { return *i.lane == &l; });
}

std::uint32_t gateway_lane::enter_connection(connection& c, images& of) {
  if (worker_->images.fetch_add(1, std::memory_order_relaxed) >= worker_->connections) {
    worker_->images.fetch_sub(1, std::memory_order_relaxed); // another loop was faster
    throw all_busy();
  }
  do {
    ++last_connection_;
  } while (last_connection_ == 0 || connections_.contains(last_connection_));
  connections_.emplace(last_connection_, known_connection{&c, &of});
  return last_connection_;
}

bool gateway_lane::leave_connection(std::uint32_t number) {
  if (connections_.erase(number) == 0) return false;
  worker_->images.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

void gateway_lane::send_facts(std::uint32_t number, const connection& c) {
  value_array headers;
  for (const auto& [name, text] : c.headers()) {
    const bool hidden = std::any_of(options_.hidden_headers.begin(), options_.hidden_headers.end(),
                                    [&n = name](const std::string& h) { return header_fields::same_token(h, n); });
    if (!hidden) headers.push_back(value::array({any_text(name), any_text(text)}));
  }
  value facts = value::map({{"id", c.id()},
                            {"method", any_text(c.method())},
                            {"target", any_text(c.target())},
                            {"address", any_text(c.remote_address())},
                            {"port", c.remote_port()},
                            {"tls", c.is_tls()},
                            {"subprotocol", any_text(c.subprotocol())},
                            {"user", any_text(c.user())}});
  facts.set("headers", std::move(headers));
  wire::writer w{begin_record(record::connect, number, 0)};
  wire::write_value(w, facts);
  end_record();
}

// --- Calls

gateway_lane::gateway_lane(caf::actor_config& config, unit& home, std::shared_ptr<worker_state> w,
                           const gateway_options& o)
    : link_lane(config, home, o.link_window),
      worker_(std::move(w)),
      options_(o),
      self_(std::make_shared<gateway_lane*>(this)) {}

std::uint32_t gateway_lane::enter(remote_call& c) {
  do {
    ++last_seq_;
  } while (last_seq_ == 0 || calls_.find(last_seq_) != nullptr);
  calls_.insert(last_seq_, c);
  worker_->in_flight.fetch_add(1, std::memory_order_relaxed);
  return last_seq_;
}

void gateway_lane::leave(std::uint32_t seq) {
  calls_.erase(seq);
  worker_->in_flight.fetch_sub(1, std::memory_order_relaxed);
}

void gateway_lane::on_record(record kind, std::uint32_t connection, std::uint32_t seq, bytes_view content,
                             const caf::strong_actor_ptr& sender) {
  switch (kind) {
    case record::response: return on_response(content);
    case record::taken:
      if (remote_call* c = calls_.find(seq)) c->on_taken(number_in(content).value_or(0));
      return;
    case record::bounce:
      if (remote_call* c = calls_.find(seq)) c->on_bounce();
      return;
    case record::user: return on_user(connection, as_text(content));
    case record::push: return on_push(connection, seq, content);
    case record::disconnect: return on_disconnect(connection, seq, as_text(content));
    case record::hello:
      if (std::exchange(open_, true)) return;
      set_peer(sender);
      if (on_open) std::exchange(on_open, nullptr)();
      return;
    default: return on_broken();
  }
}

void gateway_lane::on_response(bytes_view content) {
  limits l; // what the worker may send is for the worker to say; only its form is looked at here
  l.nesting = wire::reader::deepest;
  l.metadata_size = content.size();
  const wire::decoded_response in = wire::decode_response(content, l);
  if (in.status == wire::decode_status::undecodable) return on_broken();
  remote_call* c = calls_.find(in.envelope.seq);
  if (c == nullptr) return; // cancelled meanwhile
  if (in.status != wire::decode_status::ok) return on_broken();
  c->on_response(in.envelope);
}

void gateway_lane::on_user(std::uint32_t number, std::string_view user) {
  const auto it = connections_.find(number);
  if (it == connections_.end()) return;
  for (images::image& i : it->second.of->all_) {
    if (*i.lane == this && i.number == number) i.user = user; // it knows
  }
  it->second.facts->set_user(std::string{user}); // last: it may end the connection
}

void gateway_lane::on_push(std::uint32_t number, std::uint32_t id, bytes_view content) {
  wire::reader from{content};
  value what;
  std::size_t budget = limits{}.decoded_size;
  const wire::value_status status = wire::read_value(from, what, wire::reader::deepest, budget);
  value answer = value::array({static_cast<std::int64_t>(error_code::too_large), "The value takes too much memory"});
  if (status != wire::value_status::too_large) {
    const auto* pair = what.get_if<value_array>();
    const auto* name = pair != nullptr && pair->size() == 2 ? (*pair)[0].get_if<std::string>() : nullptr;
    if (name == nullptr) return on_broken();
    answer = push_to(number, *name, (*pair)[1]);
  }
  if (id == 0) return;
  wire::writer to{begin_record(record::pushed, number, id)};
  wire::write_value(to, answer);
  end_record();
}

/// Whether the client's inbox is open, or the error's code and message.
value gateway_lane::push_to(std::uint32_t number, const std::string& name, const value& v) {
  const auto it = connections_.find(number);
  void* const actor = it != connections_.end() ? it->second.facts->native_actor() : nullptr;
  if (actor == nullptr) return false; // its connection has ended meanwhile
  try {
    return static_cast<connection_actor&>(*static_cast<loop_actor*>(actor)).push(name, v);
  } catch (const error& e) {
    return value::array({e.code, e.message});
  }
}

void gateway_lane::on_disconnect(std::uint32_t number, std::uint32_t code, std::string_view reason) {
  const auto it = connections_.find(number);
  if (it == connections_.end()) return;
  const known_connection c = it->second;
  leave_connection(number);
  std::erase_if(c.of->all_, [&](const images::image& i) { return *i.lane == this && i.number == number; });
  const bool leaving = (code & leaving_mark) != 0;
  code &= ~leaving_mark;
  if (leaving && code == 1001) return; // what it has begun is answered, or ends with the link
  // 1001 and 1011 are about the worker; any other code was chosen by a handler or hook there, for the client.
  if (code != 1001 && code != 1011) return c.facts->close(static_cast<int>(code), reason);
  lose_calls(number);
}

void gateway_lane::lose_calls(std::optional<std::uint32_t> of_connection) {
  std::vector<std::uint32_t> doomed; // one that is told may end others
  for (const remote_call* c : calls_.objects()) {
    if (!of_connection || c->connection_number() == *of_connection) doomed.push_back(c->seq());
  }
  for (const std::uint32_t seq : doomed) {
    if (remote_call* c = calls_.find(seq)) c->on_lost();
  }
}

void gateway_lane::on_room() {
  auto waiting = std::exchange(waiting_, {});
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (!has_room()) {
      waiting_.insert(waiting_.end(), waiting.begin() + static_cast<std::ptrdiff_t>(i), waiting.end());
      return;
    }
    waiting[i]->on_room();
  }
}

void gateway_lane::end() {
  if (!is_alive()) return;
  const caf::strong_actor_ptr keep{ctrl()};
  open_ = false;
  lose_calls(std::nullopt);
  quit();
}

void gateway_lane::on_exit() {
  *self_ = nullptr;
  worker_->images.fetch_sub(static_cast<std::uint32_t>(connections_.size()), std::memory_order_relaxed);
  connections_.clear();
  waiting_.clear();
  on_open = nullptr;
  link_lane::on_exit();
}

} // namespace swill::actors::workers
