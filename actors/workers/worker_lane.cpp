#include "actors/workers/worker_lane.hpp"

#include "libswill/api/serving/open_message.hpp"
#include "libswill/wire/codec.hpp"
#include "libswill/wire/envelope.hpp"

#include <algorithm>

namespace swill::actors::workers {

namespace {

std::string text_of(const value& v) {
  if (const auto* s = v.get_if<std::string>()) return *s;
  const auto* b = v.get_if<bytes>();
  return b != nullptr ? std::string{as_text(*b)} : std::string{};
}

std::string text_of(const value& facts, std::string_view key) {
  const value* v = facts.find(key);
  return v != nullptr ? text_of(*v) : std::string{};
}

handshake_request request_of(const value& facts) {
  handshake_request r;
  r.method = text_of(facts, "method");
  r.target = text_of(facts, "target");
  r.remote_address = text_of(facts, "address");
  r.subprotocol = text_of(facts, "subprotocol");
  if (const auto* port = facts.find<std::int64_t>("port")) r.remote_port = static_cast<std::uint16_t>(*port);
  if (const value* tls = facts.find("tls")) r.tls = *tls == value{true};
  const auto* headers = facts.find<value_array>("headers");
  if (headers == nullptr) return r;
  for (const value& h : *headers) {
    const auto* pair = h.get_if<value_array>();
    if (pair != nullptr && pair->size() == 2) r.headers.emplace_back(text_of((*pair)[0]), text_of((*pair)[1]));
  }
  return r;
}

const std::string link_ended = "the link to the gateway has ended";

/// The seq of a response; 0 when there is none.
std::uint64_t seq_of(bytes_view response) noexcept {
  wire::reader r{response};
  std::uint32_t n = 0;
  std::uint64_t seq = 0;
  return r.read_array(n) && r.read_uint(seq) ? seq : 0;
}

/// Whether a gateway can read this MessagePack, however deep it nests. Each level takes a byte at least, so that short ones need no look.
bool is_readable(bytes_view content) noexcept {
  return content.size() <= wire::reader::deepest ||
         wire::reader{content}.scan(wire::reader::deepest) == wire::scan_status::ok;
}

} // namespace

// --- One client's connection

swill::loop& image_port::loop() noexcept { return lane_->home().loop(); }

void image_port::deliver(bytes_view envelope) {
  if (rejected_) {
    const wire::decoded_request in = wire::decode_request(envelope, limits{});
    if (in.status != wire::decode_status::ok || in.envelope.type == wire::request_type::cancel) return;
    detail::open_message answer{*this};
    wire::write_error(answer.to(), in.envelope.seq, *rejected_);
    return answer.end();
  }
  if (closed_) return;
  if (sink_ != nullptr && ((!is_paused() && pending_.empty()) || overtakes(envelope)))
    return sink_->on_message(envelope);
  pending_.emplace_back(envelope.begin(), envelope.end());
}

/// A CANCEL: it overtakes, since the handler that it ends may be what all later records wait for. What is still held of its request is dropped.
bool image_port::overtakes(bytes_view envelope) {
  const wire::decoded_request in = wire::decode_request(envelope, limits{});
  if (in.status != wire::decode_status::ok || in.envelope.type != wire::request_type::cancel) return false;
  std::erase_if(pending_, [seq = in.envelope.seq](const bytes& b) {
    return wire::decode_request(b, limits{}).envelope.seq == seq;
  });
  return true;
}

void image_port::read_later() {
  if (lane_ == nullptr) return;
  loop().post([self = shared_from_this()] { self->read(); });
}

void image_port::read() {
  if (rejected_) {
    for (const bytes& b : std::exchange(pending_, {})) deliver(b);
  }
  while (sink_ != nullptr && !is_paused() && !closed_ && !pending_.empty()) {
    const bytes b = std::move(pending_.front());
    pending_.pop_front();
    sink_->on_message(b);
  }
}

message_port* image_port::accept(const header_list&, message_sink& sink) {
  if (lane_ == nullptr || closed_) return nullptr;
  sink_ = &sink;
  read_later();
  return this;
}

void image_port::reject(int status, std::string_view body, const header_list&) {
  rejected_.emplace(status, std::string{body});
  read_later();
}

void image_port::pause_reading(bool paused) {
  pauses_ += paused ? 1 : -1;
  if (!is_paused() && !pending_.empty()) read_later();
}

buffer& image_port::begin_message() {
  if (lane_ != nullptr && lane_->is_alive()) return lane_->begin_record(record::response, number_, 0);
  discarded_.clear();
  return discarded_;
}

void image_port::end_message() {
  if (lane_ == nullptr || !lane_->is_alive()) return discarded_.release();
  const bytes_view written = lane_->open_content();
  if (!is_readable(written)) { // the gateway would take it for a broken link
    lane_->cancel_record();
    throw wire::encode_error{"nests too deep for the link to the gateway"};
  }
  if (!windows_.empty()) {
    const auto it = windows_.find(seq_of(written));
    if (it != windows_.end()) it->second += written.size();
  }
  lane_->end_record();
}

void image_port::cancel_message() {
  if (lane_ != nullptr && lane_->is_alive()) lane_->cancel_record();
}

bool image_port::has_room(std::uint64_t seq, std::size_t) {
  if (lane_ == nullptr) return true; // whatever is written goes nowhere, and the request is being cancelled
  const bool room = windows_[seq] < lane_->options().stream_window && lane_->has_room();
  waits_ = waits_ || !room;
  return room;
}

void image_port::grant(std::uint64_t seq, std::uint32_t size) {
  const auto it = windows_.find(seq);
  if (it == windows_.end()) return;
  it->second -= std::min<std::size_t>(it->second, size);
  on_room();
}

void image_port::on_room() {
  if (std::exchange(waits_, false) && sink_ != nullptr) sink_->on_writable();
}

void image_port::on_item_taken(std::uint64_t seq) {
  if (lane_ == nullptr) return;
  ++taken_[seq];
  if (std::exchange(is_listed_, true)) return;
  lane_->with_taken_.push_back(shared_from_this());
  lane_->flush_later();
}

void image_port::on_request_end(std::uint64_t seq) {
  windows_.erase(seq);
  taken_.erase(seq);
}

void image_port::tell_taken() {
  is_listed_ = false;
  for (const auto& [seq, n] : std::exchange(taken_, {}))
    lane_->write(record::taken, number_, static_cast<std::uint32_t>(seq), n);
}

void image_port::set_user(std::string user) {
  known_user_ = user;
  facts->set_user(std::move(user));
}

void image_port::user_changed() {
  if (lane_ == nullptr || !lane_->is_alive() || facts->user() == known_user_) return;
  known_user_ = facts->user();
  lane_->write(record::user, number_, 0, as_bytes(known_user_));
}

void image_port::close(int code, std::string_view reason) {
  if (std::exchange(closed_, true)) return;
  if (lane_ != nullptr && lane_->is_alive()) {
    const std::uint32_t mark = lane_->leaving_.load(std::memory_order_relaxed) ? leaving_mark : 0;
    lane_->write(record::disconnect, number_, static_cast<std::uint32_t>(code) | mark, as_bytes(reason));
  }
  if (lane_ == nullptr) return;
  loop().post([self = shared_from_this(), code, text = std::string{reason}] {
    if (self->lane_ != nullptr) self->lane_->ports_.erase(self->number_);
    self->closed_ = false;
    self->gone({code, text, false});
  });
}

void image_port::push(std::string_view name, const value& v, std::function<void(result<bool>)> answer) {
  if (lane_ != nullptr && lane_->is_alive() && !closed_) return lane_->push(number_, name, v, std::move(answer));
  if (answer) answer(false);
}

void image_port::gone(const close_reason& why) {
  const auto keep = shared_from_this();
  if (std::exchange(closed_, true)) return;
  lane_ = nullptr;
  pending_.clear();
  tell_gone();
  if (message_sink* s = std::exchange(sink_, nullptr)) s->on_closed(why);
}

// --- The lane

worker_lane::worker_lane(caf::actor_config& config, unit& home, gate& connections, const worker_options& o,
                         const std::atomic<bool>& leaving)
    : link_lane(config, home, o.link_window), connections_(connections), options_(o), leaving_(leaving) {}

void worker_lane::connect(std::uint32_t number, bytes_view encoded) {
  wire::reader from{encoded};
  value facts;
  // The gateway counts them for all lanes of its link.
  if (ports_.size() >= options_.connections || ports_.contains(number)) return on_broken();
  if (!wire::read_value(from, facts, wire::reader::deepest)) return on_broken();
  auto port = std::make_shared<image_port>(*this, number);
  port->facts = std::make_shared<connection>(text_of(facts, "id"), request_of(facts));
  port->set_user(text_of(facts, "user"));
  port->facts->on_user_changed([p = std::weak_ptr{port}](connection&, const std::string&) {
    if (const auto image = p.lock()) image->user_changed();
  });
  ports_.emplace(number, port);
  connections_.on_handshake(port);
}

void worker_lane::push(std::uint32_t number, std::string_view name, const value& v,
                       std::function<void(result<bool>)> answer) {
  using namespace std::chrono_literals;
  if (!has_room()) throw errors::too_many("The link to the gateway is full", 100ms);
  while (answer && (++last_push_ == 0 || pushes_.contains(last_push_))) {
  }
  wire::writer to{begin_record(record::push, number, answer ? last_push_ : 0)};
  try {
    to.array(2);
    wire::write_value(to, value{name});
    wire::write_value(to, v);
    if (open_content().size() > options_.push_size) throw error{error_code::too_large, "Too large for a push"};
    if (!is_readable(open_content())) throw error{error_code::bad_request, "Nested too deeply for a push"};
  } catch (...) {
    cancel_record();
    throw;
  }
  end_record();
  if (answer) pushes_.emplace(last_push_, std::move(answer));
}

void worker_lane::on_pushed(std::uint32_t id, bytes_view content) {
  wire::reader from{content};
  value said;
  const auto it = pushes_.find(id);
  if (it == pushes_.end() || !wire::read_value(from, said, wire::reader::deepest)) return on_broken();
  const auto answer = std::move(it->second);
  pushes_.erase(it);
  if (const bool* is_open = said.get_if<bool>()) return answer(*is_open);
  const auto* pair = said.get_if<value_array>();
  const auto* code = pair != nullptr && pair->size() == 2 ? (*pair)[0].get_if<std::int64_t>() : nullptr;
  answer(error{code != nullptr ? *code : static_cast<std::int64_t>(error_code::internal_error),
               code != nullptr ? text_of((*pair)[1]) : "the gateway's answer makes no sense"});
}

void worker_lane::on_record(record kind, std::uint32_t connection, std::uint32_t seq, bytes_view content,
                            const caf::strong_actor_ptr&) {
  if (kind == record::connect) return connect(connection, content);
  if (kind == record::pushed) return on_pushed(seq, content); // also of an image that has gone
  const auto it = ports_.find(connection);
  if (it == ports_.end()) {
    // Its connection was closed here while this was under way.
    if (kind == record::open) write(record::bounce, connection, seq);
    return;
  }
  const std::shared_ptr<image_port> port = it->second;
  switch (kind) {
    case record::open:
      if (leaving_.load(std::memory_order_relaxed)) {
        bounced_.insert(seq);
        return write(record::bounce, connection, seq);
      }
      return port->deliver(content);
    case record::further:
      if (!bounced_.empty() && bounced_.contains(seq)) return; // nor does the rest of it open anything
      return port->deliver(content);
    case record::grant: return port->grant(seq, number_in(content).value_or(0));
    case record::user: return port->set_user(std::string{as_text(content)});
    case record::disconnect:
      ports_.erase(it);
      return port->gone(
          {static_cast<int>(seq & ~by_peer_mark), std::string{as_text(content)}, (seq & by_peer_mark) != 0});
    default: return on_broken();
  }
}

void worker_lane::on_room() {
  std::vector<std::shared_ptr<image_port>> all;
  for (const auto& [number, port] : ports_) {
    if (port->waits_) all.push_back(port);
  }
  for (const auto& port : all) port->on_room();
}

void worker_lane::before_flush() {
  for (const auto& port : std::exchange(with_taken_, {})) {
    if (port->lane_ != nullptr) port->tell_taken();
  }
}

void worker_lane::end() {
  if (!is_alive()) return;
  const caf::strong_actor_ptr keep{ctrl()};
  quit();
  for (auto& [number, port] : std::exchange(ports_, {})) port->gone({1006, link_ended, false});
  for (auto& [id, answer] : std::exchange(pushes_, {})) answer(errors::unavailable(link_ended));
  home().dispose_later(keep);
}

void worker_lane::on_exit() {
  with_taken_.clear();
  link_lane::on_exit();
}

} // namespace swill::actors::workers
