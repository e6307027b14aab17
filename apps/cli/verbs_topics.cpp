#include "apps/cli/exit_codes.hpp"
#include "apps/cli/json.hpp"
#include "apps/cli/verbs.hpp"

#include <nlohmann/json.hpp>

#include <utility>

// Topics of pub/sub (docs/protocol.md §10).

namespace swill::cli {

namespace {

constexpr std::string_view plugin = "pubsub";

task<void> publish_one(session s, value message) {
  value request = value::map({{"topic", s.given.name}, {"data", std::move(message)}});
  if (!s.given.topics.key.empty()) request.set("idempotency_key", s.given.topics.key);
  const auto call = s.server.start<value>("swill.publish", request, s.given.call());
  value position;
  try {
    position = co_await call.result();
  } catch (const error& e) {
    explain_missing(e, plugin);
    throw;
  }
  s.out.line(to_json(position));
}

/// An item as it is printed: with the epoch that it belongs to, so that each line is a position to go on from.
nlohmann::ordered_json shown(const value& item, value& epoch) {
  if (const value* told = item.find("epoch")) epoch = *told; // a notice: what follows belongs to this one
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  out["epoch"] = to_json(epoch);
  if (const auto* entries = item.get_if<value_map>()) {
    for (const auto& [key, v] : *entries) {
      const auto* name = key.get_if<std::string>();
      if (name != nullptr && *name != "epoch") out[*name] = to_json(v);
    }
  }
  return out;
}

} // namespace

task<void> publish(session s) {
  if (s.given.message) {
    value message = *s.given.message;
    co_await publish_one(s, std::move(message));
    s.out.flush();
    co_return;
  }
  auto messages = stdin_items();
  while (auto message = co_await messages.next()) {
    co_await publish_one(s, std::move(*message)); // one after the other: their order is that of the lines
    s.out.flush();
  }
}

task<void> subscribe(session s) {
  const topics_options& o = s.given.topics;
  value request = value::map({{"topic", s.given.name}});
  if (o.since) request.set("since", *o.since);
  const auto items = s.server.stream<value>("swill.subscribe", request, s.given.call());
  try {
    co_await items.ready();
    s.out.show_metadata("leading", items.leading());
    const value* told = items.leading().find("epoch");
    value epoch = told != nullptr ? *told : value{};
    for (std::size_t left = o.count; o.count == 0 || left > 0;) {
      const auto item = co_await items.next();
      if (!item) break;
      s.out.line(shown(*item, epoch));
      if (item->find("data") != nullptr && left > 0) --left;
      if (!items.has_item()) s.out.flush();
    }
  } catch (const error& e) {
    explain_missing(e, plugin);
    throw;
  }
  s.out.flush();
}

} // namespace swill::cli
