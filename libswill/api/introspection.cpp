#include "libswill/api/introspection.hpp"

#include "libswill/api/serving/typed_handler.hpp"

#include <memory>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace swill {

namespace {

value side(bool streams, const value& type) { return value::map({{"streams", streams}, {"type", type}}); }

/// nil, an empty array, or no data: clients of all ages ask in their own way. {builtin: true} asks for handlers of the server's own, too.
stream<value> records_of(const detail::service& s, request<value> r) {
  const auto* items = r.data().get_if<value_array>();
  const value* asked = r.data().find("builtin");
  const bool builtin = asked != nullptr && *asked == value{true};
  if (!builtin && !r.data().is_nil() && (items == nullptr || !items->empty())) {
    throw error{error_code::validation_error, "Validation Error",
                value::map({{"*", value::array({value::map({{"description", "Expected nil"}})})}})};
  }
  for (const auto& h : s.handlers()) {
    if (builtin || !h->name.starts_with("swill.")) co_yield introspection_record(*h);
  }
  std::vector<std::shared_ptr<const detail::handler>> others; // all before the first is sent: meanwhile they may go
  for (const detail::dynamic_handlers* some : r.context().call().dynamic()) {
    for (auto& h : some->all()) others.push_back(std::move(h));
  }
  std::unordered_set<std::string_view> seen;
  for (const auto& h : others) {
    if (s.find(h->name) == nullptr && seen.insert(h->name).second) co_yield introspection_record(*h);
  }
}

} // namespace

value introspection_record(const detail::handler& h) {
  value record = value::map({{"name", h.name},
                             {"request", side(h.request_streams, *h.request_type)},
                             {"response", side(h.response_streams, *h.response_type)}});
  if (!h.options.doc.empty()) record.set("documentation", h.options.doc);
  if (h.options.idempotent) record.set("idempotent", true);
  if (h.options.endless) record.set("endless", true);
  value_array codes;
  value_array data;
  for (const declared_error& e : h.options.errors) {
    codes.emplace_back(e.code);
    if (e.data) data.push_back(value::map({{"code", e.code}, {"type", *e.data}}));
  }
  if (!codes.empty()) record.set("errors", std::move(codes));
  if (!data.empty()) record.set("error_data", std::move(data));
  if (!h.options.tags.empty()) record.set("tags", value_array(h.options.tags.begin(), h.options.tags.end()));
  value limits = value::map({});
  if (h.options.message_size != 0) limits.set("message_size", h.options.message_size);
  if (h.options.default_deadline.count() != 0) limits.set("default_deadline_ms", h.options.default_deadline.count());
  if (h.options.maximum_deadline.count() != 0) limits.set("maximum_deadline_ms", h.options.maximum_deadline.count());
  if (!limits.get_if<value_map>()->empty()) record.set("limits", std::move(limits));
  return record;
}

std::shared_ptr<detail::handler> make_introspection(const detail::service& s) {
  auto h = detail::make_handler([&s](request<value> r) { return records_of(s, std::move(r)); });
  h->name = "swill.introspect";
  h->options.idempotent = true;
  return h;
}

} // namespace swill
