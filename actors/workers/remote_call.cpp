#include "actors/workers/remote_call.hpp"

#include "actors/workers/options.hpp"
#include "actors/workers/remote_handler.hpp"
#include "libswill/api/types/codec.hpp"
#include "libswill/wire/codec.hpp"

namespace swill::actors::workers {

namespace {

/// The client's metadata, with what is left of the deadline in place of what the client asked for; in `made` when they had to be made.
bytes_view metadata_of(detail::call& c, buffer& made) {
  const auto deadline = c.deadline();
  if (!deadline && !c.has_decoded_metadata()) return c.raw_metadata();
  metadata m = c.client_metadata();
  if (deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - c.loop().now());
    m.set("timeout_ms", std::max<std::int64_t>(left.count(), 0));
  }
  if (m.empty()) return {};
  wire::writer w{made};
  m.encode(w);
  return made.view();
}

} // namespace

error all_busy() { return errors::too_many("All workers are busy", std::chrono::milliseconds{100}); }

error error_in(bytes_view data) { return wire::read_error(data, errors::internal()); }

std::optional<metadata> metadata_in(bytes_view encoded) {
  if (encoded.empty()) return std::nullopt;
  limits l;
  l.metadata_size = encoded.size();
  metadata m;
  if (!metadata::decode(encoded, l, m)) return std::nullopt;
  return m;
}

void set_trailing(context& to, const std::optional<metadata>& m) {
  if (!m) return;
  for (const auto& [key, v] : *m) to.trailing().set(key, v);
}

void may_open_again(const remote_call& c, std::size_t& attempts, bool answered) {
  const bool unheard = c.was_bounced() || c.target().options.idempotent;
  if (answered || !unheard || ++attempts >= c.target().gateway().attempts)
    throw errors::unavailable("The worker has gone");
}

remote_call::~remote_call() {
  if (lane_ == nullptr) return;
  send(record::further, wire::request_type::cancel, {});
  finish();
}

void remote_call::finish() {
  if (lane_ == nullptr) return;
  lane_->forget(*this);
  lane_->leave(seq_);
  lane_ = nullptr;
  keep_ = nullptr;
}

void remote_call::open(wire::request_type type, bytes_view data) {
  bounced_ = false;
  uploads_ = handler_.request_streams;
  connection& client = call_.context().connection();
  images& known = client.state<images>();
  gateway_lane& l = handler_.pick(known);
  connection_ = known.number_on(l, client);
  seq_ = l.enter(*this);
  lane_ = &l;
  keep_ = caf::strong_actor_ptr{l.ctrl()};
  buffer made;
  send(record::open, type, data, metadata_of(call_, made));
}

void remote_call::send(record kind, wire::request_type type, bytes_view data, bytes_view metadata) {
  if (type == wire::request_type::end_of_stream) uploads_ = false;
  wire::writer w{lane_->begin_record(kind, connection_, seq_)};
  wire::write_request(w, seq_, data, handler_.name, type, metadata);
  lane_->end_record();
}

void remote_call::on_response(const wire::response_envelope& e) {
  const bool last = e.type == wire::response_type::error || e.type == wire::response_type::end_of_stream ||
                    (e.type == wire::response_type::message && !handler_.response_streams);
  if (last) {
    // Items that have crossed this are dropped there until they end: they have.
    if (uploads_) send(record::further, wire::request_type::cancel, {});
    finish();
  }
  received(e);
}

void remote_call::on_bounce() {
  bounced_ = true;
  finish();
  gone();
}

void remote_call::on_lost() {
  finish();
  gone();
}

} // namespace swill::actors::workers
