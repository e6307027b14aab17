#include "actors/workers/announcement.hpp"

#include "libswill/api/introspection.hpp"
#include "libswill/api/types/codec.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/wire/codec.hpp"

#include <algorithm>

namespace swill::actors::workers {

bytes encode_announcement(const worker_options& o,
                          const std::vector<std::shared_ptr<const detail::handler>>& handlers) {
  // What a gateway that counts the items of an upload takes for a bound of them: there is none.
  constexpr std::int64_t any_number_of_items = 1 << 30;
  value_array records;
  for (const auto& h : handlers) {
    if (!h->name.starts_with("swill.")) records.push_back(introspection_record(*h));
  }
  value all = value::map({{"worker", o.name},
                          {"capacity", o.capacity},
                          {"connections", o.connections},
                          {"queued_items", any_number_of_items}});
  all.set("handlers", std::move(records));
  return swill::detail::encoded_message(all);
}

namespace {

error refused(std::string why) { return {error_code::bad_request, std::move(why)}; }

template <class T>
T get(const value* from, std::string_view key, T otherwise) {
  const T* t = from != nullptr ? from->find<T>(key) : nullptr;
  return t != nullptr ? *t : otherwise;
}

std::uint32_t count_of(const value& from, std::string_view key) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(get<std::int64_t>(&from, key, 1), 1, 1 << 30));
}

std::chrono::milliseconds time_of(const value* from, std::string_view key) {
  constexpr std::int64_t year = std::int64_t{1000} * 60 * 60 * 24 * 365;
  return std::chrono::milliseconds{std::clamp<std::int64_t>(get<std::int64_t>(from, key, 0), 0, year)};
}

result<std::shared_ptr<const announced_handler>> decode_handler(const value& r, const limits& l) {
  auto h = std::make_shared<announced_handler>();
  h->name = get<std::string>(&r, "name", {});
  const value* in = r.find("request");
  const value* out = r.find("response");
  if (h->name.empty() || h->name.size() > l.rpc_name || printable(h->name) != h->name)
    return refused("a handler has no name that could be called");
  if (in == nullptr || out == nullptr || in->find("type") == nullptr || out->find("type") == nullptr)
    return refused("handler " + h->name + " has no types");
  h->request_streams = get<bool>(in, "streams", false);
  h->response_streams = get<bool>(out, "streams", false);
  h->request_type = std::make_shared<const value>(*in->find("type"));
  h->response_type = std::make_shared<const value>(*out->find("type"));
  h->options.doc = get<std::string>(&r, "documentation", {});
  h->options.idempotent = get<bool>(&r, "idempotent", false);
  h->options.endless = get<bool>(&r, "endless", false);
  for (const value& e : get<value_array>(&r, "errors", {})) {
    if (const auto* code = e.get_if<std::int64_t>()) h->options.errors.emplace_back(static_cast<int>(*code));
  }
  for (const value& e : get<value_array>(&r, "error_data", {})) {
    for (declared_error& known : h->options.errors) {
      if (get<std::int64_t>(&e, "code", -1) == known.code && e.find("type") != nullptr)
        known.data = std::make_shared<const value>(*e.find("type"));
    }
  }
  for (const value& t : get<value_array>(&r, "tags", {})) {
    if (const auto* tag = t.get_if<std::string>()) h->options.tags.push_back(*tag);
  }
  const value* of = r.find("limits");
  h->options.message_size =
      static_cast<std::size_t>(std::max<std::int64_t>(get<std::int64_t>(of, "message_size", 0), 0));
  h->options.default_deadline = time_of(of, "default_deadline_ms");
  h->options.maximum_deadline = time_of(of, "maximum_deadline_ms");
  h->request_schema = std::make_shared<schema>(*h->request_type);
  return std::shared_ptr<const announced_handler>{std::move(h)};
}

} // namespace

result<announcement> decode_announcement(bytes_view encoded, const gateway_options& o, const limits& l) {
  if (encoded.size() > o.announcement_size) return refused("the announcement is too large");
  std::size_t values = 0;
  if (wire::reader{encoded}.scan(wire::reader::deepest, values) != wire::scan_status::ok)
    return refused("the announcement cannot be decoded");
  if (values > l.elements) return refused("the announcement has too many values");
  wire::reader from{encoded};
  value all;
  if (!wire::read_value(from, all, wire::reader::deepest)) return refused("the announcement cannot be decoded");
  announcement out;
  out.worker = get<std::string>(&all, "worker", "?");
  out.capacity = count_of(all, "capacity");
  out.connections = count_of(all, "connections");
  out.queued_items = count_of(all, "queued_items");
  const auto* records = all.find<value_array>("handlers");
  if (records == nullptr) return refused("the announcement has no handlers");
  if (records->size() > o.names) return refused("the announcement has too many handlers");
  for (const value& r : *records) {
    auto h = decode_handler(r, l);
    if (!h) return h.error();
    out.handlers.push_back(std::move(*h));
  }
  return out;
}

} // namespace swill::actors::workers
