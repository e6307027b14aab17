#include "apps/bench/bare/topics.hpp"

#include "apps/bench/bare/packer.hpp"
#include "apps/bench/bare/session.hpp"

namespace swill::bench::bare {

namespace {

void pack_text(packer& to, std::string_view s) {
  to.pack_str(static_cast<std::uint32_t>(s.size()));
  to.pack_str_body(s.data(), static_cast<std::uint32_t>(s.size()));
}

void encode_item(std::string& out, std::uint64_t seq, std::uint64_t offset, std::string_view data) {
  string_sink sink{out};
  packer to(sink);
  to.pack_array(5).pack_uint64(seq).pack_map(2);
  pack_text(to, "offset");
  to.pack_uint64(offset);
  pack_text(to, "data");
  pack_text(to, data);
  to.pack_uint8(0).pack_nil().pack_nil();
}

void encode_confirmation(std::string& out, std::uint64_t seq) {
  string_sink sink{out};
  packer to(sink);
  to.pack_array(5).pack_uint64(seq).pack_nil().pack_uint8(2).pack_nil().pack_nil();
}

std::string_view text_of(const msgpack::object& o) { return {o.via.str.ptr, o.via.str.size}; }

} // namespace

bool topics::take(const std::shared_ptr<session>& from, std::string_view frame) {
  const bool subscribes = frame.find("swill.subscribe") != std::string_view::npos;
  if (!subscribes && frame.find("swill.publish") == std::string_view::npos) return false;
  const auto handle = msgpack::unpack(frame.data(), frame.size());
  const auto& envelope = handle->via.array;
  const auto seq = envelope.ptr[0].as<std::uint64_t>();
  const auto& data = envelope.ptr[1].via.map;
  const std::string name(text_of(data.ptr[0].val));
  topic& t = topics_[name];
  if (subscribes) {
    t.subscribers.push_back({from, seq});
    const auto confirm = [seq, to = std::weak_ptr(from)] {
      const auto s = to.lock();
      if (!s) return;
      s->append([&](std::string& out) { encode_confirmation(out, seq); });
      s->flush();
    };
    if (store_ == nullptr || t.subscribers.size() > 1) {
      confirm();
    } else {
      store_->subscribe(name, [&t, confirm](std::optional<std::string_view> message) {
        if (!message) return confirm();
        deliver(t, *message);
      });
    }
    return true;
  }
  const std::string_view message = text_of(data.ptr[1].val);
  if (store_ != nullptr) {
    store_->publish(name, message, [&t, seq, publisher = std::weak_ptr(from)] {
      const auto s = publisher.lock();
      if (!s) return;
      s->append([&](std::string& out) { encode_message(out, seq, static_cast<std::int64_t>(t.offset)); });
      s->flush();
    });
    return true;
  }
  deliver(t, message);
  from->append([&](std::string& out) { encode_message(out, seq, static_cast<std::int64_t>(t.offset)); });
  return true;
}

void topics::deliver(topic& t, std::string_view message) {
  ++t.offset;
  std::string item; // the same for all whose seq is the same
  std::uint64_t item_seq = 0;
  for (const auto& s : t.subscribers) {
    const auto to = s.where.lock();
    if (!to) continue;
    if (item_seq != s.seq) {
      item.clear();
      encode_item(item, item_seq = s.seq, t.offset, message);
    }
    to->append([&](std::string& out) { out.append(item); });
    to->flush();
  }
}

} // namespace swill::bench::bare
