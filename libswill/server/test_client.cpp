#include "libswill/server/test_client.hpp"

#include "actors/runtime.hpp"
#include "libswill/base/header_fields.hpp"
#include "libswill/wire/codec.hpp"

#include <stdexcept>

namespace swill {

// --- Server

test_server::test_server(std::shared_ptr<caf::actor_system_config> actor_system) {
  if (actor_system) {
    mistake_list found;
    actors::check_config(*actor_system, "actor_system", found);
    found.throw_if_any();
  }
  runtime_ = std::make_unique<actors::runtime>(std::vector<swill::loop*>{&loop_}, 0, std::move(actor_system));
}

test_server::test_server(const app& a, std::shared_ptr<caf::actor_system_config> actor_system)
    : test_server(std::move(actor_system)) {
  serve(a);
}

void test_server::serve(const app& a) {
  a.validate();
  service_ = a.build();
  runtime_->serve(service_);
}

caf::actor_system& test_server::system() { return runtime_->system(); }

test_server::~test_server() {
  const auto turn = [this](clock_duration d) {
    loop_.run_until_idle();
    loop_.advance(d);
  };
  const bool ended = runtime_->shut_down({.turn = turn});
  loop_.run_until_idle(); // actors that were told to end do so
  if (!ended) static_cast<void>(runtime_.release());
}

void test_server::run() { loop_.run_until_idle(); }
void test_server::advance(clock_duration d) { loop_.advance(d); }

// --- Client

test_client::test_client(test_server& s, handshake_request request)
    : server_(s), pipe_(std::make_unique<memory_pipe>(s.loop_, *s.runtime_, std::move(request), s.service_->limits)) {
  server_.run();
}

handshake_request test_client::with_headers(header_list headers, std::string target) {
  handshake_request r = memory_pipe::plain_request();
  r.target = std::move(target);
  for (auto& h : headers) r.headers.push_back(std::move(h));
  return r;
}

std::optional<memory_pipe::rejection> test_client::rejected() {
  server_.run();
  return pipe_->rejected();
}

std::optional<int> test_client::close_code() {
  server_.run();
  const auto why = pipe_->closed();
  return why ? std::optional{why->code} : std::nullopt;
}

std::optional<std::string> test_client::response_header(std::string_view name) {
  const auto refused = rejected();
  for (const auto& [n, text] : refused ? refused->headers : pipe_->response_headers()) {
    if (header_fields::same_token(n, name)) return text;
  }
  return std::nullopt;
}

std::uint64_t test_client::open_raw(std::string_view rpc, const bytes& data, wire::request_type type,
                                    const metadata& m) {
  names_.emplace(++last_seq_, rpc);
  buffer map;
  if (!m.empty()) {
    wire::writer w{map};
    m.encode(w);
  }
  buffer out;
  wire::writer w{out};
  wire::write_request(w, last_seq_, data, rpc, type, map.view());
  pipe_->send(out.view());
  server_.run();
  return last_seq_;
}

void test_client::send_raw(std::uint64_t seq, const bytes& data, wire::request_type type) {
  buffer out;
  wire::writer w{out};
  wire::write_request(w, seq, data, names_.at(seq), type);
  pipe_->send(out.view());
  server_.run();
}

namespace {

error decode_error(bytes_view data) {
  constexpr std::int64_t none = 0;
  error e = wire::read_error(data, {none, {}});
  if (e.code == none) throw std::logic_error("the server sent an ERROR that cannot be decoded");
  return e;
}

} // namespace

void test_client::take_arrived() {
  limits l;
  l.metadata_size = l.rpc_name = SIZE_MAX;
  while (const auto message = pipe_->receive()) {
    const wire::decoded_response in = wire::decode_response(*message, l);
    if (in.status != wire::decode_status::ok) throw std::logic_error("the server sent what cannot be decoded");
    const auto& e = in.envelope;
    reply r;
    r.type = e.type;
    r.data.assign(e.data.begin(), e.data.end());
    if (e.type == wire::response_type::error) r.failure = decode_error(e.data);
    metadata::decode(e.leading, l, r.leading);
    metadata::decode(e.trailing, l, r.trailing);
    arrived_[e.seq].push_back(std::move(r));
  }
}

std::optional<test_client::reply> test_client::receive(std::uint64_t seq) {
  server_.run();
  take_arrived();
  auto& queue = arrived_[seq];
  if (queue.empty()) return std::nullopt;
  reply r = std::move(queue.front());
  queue.pop_front();
  return r;
}

void test_client::nothing_came(const char* otherwise) const {
  if (const auto r = pipe_->rejected()) {
    std::string text = "the connection was rejected with HTTP status " + std::to_string(r->status);
    if (!r->body.empty()) text += ": " + r->body;
    throw std::logic_error(text);
  }
  if (const auto why = pipe_->closed()) {
    std::string text = std::string{"the connection is gone: "} + (why->by_peer ? "the client" : "the server") +
                       " ended it with close code " + std::to_string(why->code);
    if (!why->reason.empty()) text += ", " + why->reason;
    throw std::logic_error(text);
  }
  if (!pipe_->is_open()) throw std::logic_error("the connection is not accepted yet: advance the clock");
  throw std::logic_error(otherwise);
}

bool test_client::takes_stream(std::uint64_t seq) const {
  const detail::handler* h = server_.service_->find(names_.at(seq));
  return h != nullptr && h->request_streams;
}

test_client::reply test_client::message_of(std::uint64_t seq) {
  while (auto r = receive(seq)) {
    if (r->failure) throw *r->failure;
    if (r->type == wire::response_type::end_of_stream) throw std::logic_error("the stream has ended");
    if (r->type == wire::response_type::message) return std::move(*r);
  }
  nothing_came("no message yet: advance the clock");
}

test_client::reply test_client::result_of(std::uint64_t seq) {
  while (auto r = receive(seq)) {
    if (r->failure) throw *r->failure;
    if (r->type == wire::response_type::message) return std::move(*r);
  }
  nothing_came(takes_stream(seq) ? "no answer yet: this handler takes a stream; use open_stream, send and end"
                                 : "no answer yet: advance the clock, or use open and expect");
}

std::vector<test_client::reply> test_client::stream_of(std::uint64_t seq) {
  std::vector<reply> out;
  while (auto r = receive(seq)) {
    if (r->failure) throw *r->failure;
    if (r->type == wire::response_type::end_of_stream) return out;
    if (r->type == wire::response_type::message) out.push_back(std::move(*r));
  }
  nothing_came(takes_stream(seq)
                   ? "the stream has not ended yet: this handler takes a stream, too; use open_stream, send and end"
                   : "the stream has not ended yet: advance the clock, or use open and expect");
}

} // namespace swill
