#include "actors/connections/entry.hpp"
#include "apps/cli/json.hpp"
#include "apps/cli/verbs.hpp"
#include "libswill/base/printable.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

// What administrators see of connections (docs/protocol.md §11).

namespace swill::cli {

namespace {

/// "850ms", "12s", "3m04s", "5h07m", "2d03h"
std::string age_text(std::int64_t ms) {
  const auto pair = [](std::int64_t a, char big, std::int64_t b, char small) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%lld%c%02lld%c", static_cast<long long>(a), big, static_cast<long long>(b),
                  small);
    return std::string{text.data()};
  };
  const std::int64_t s = ms / 1000;
  if (s == 0) return std::to_string(ms) + "ms";
  if (s < 60) return std::to_string(s) + "s";
  if (s < 3600) return pair(s / 60, 'm', s % 60, 's');
  if (s < 86400) return pair(s / 3600, 'h', s / 60 % 60, 'm');
  return pair(s / 86400, 'd', s / 3600 % 24, 'h');
}

/// "17", "3.4K", "12.0M"
std::string size_text(std::uint64_t n) {
  if (n < 1024) return std::to_string(n);
  double amount = static_cast<double>(n);
  const char* unit = "KMGTPE";
  for (amount /= 1024; amount >= 1024 && unit[1] != '\0'; amount /= 1024) ++unit;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f%c", amount, *unit);
  return text.data();
}

std::string dash(const std::string& s) { return s.empty() ? "-" : s; }

std::string topics_text(const connection_entry& c) {
  std::string text;
  for (const std::string& t : c.topics) text += (text.empty() ? "" : ",") + t;
  const std::uint64_t more = c.topic_count - std::min<std::uint64_t>(c.topics.size(), c.topic_count);
  if (more != 0) text += ",+" + std::to_string(more);
  return dash(text);
}

/// What a node is called, or its id.
std::string node_text(const std::string& id, const std::string& name) { return name.empty() ? id : name; }

std::vector<std::string> row_of(const connection_entry& c) {
  return {c.id,
          node_text(c.node, c.node_name),
          dash(c.user),
          c.remote_address,
          age_text(c.age_ms),
          std::to_string(c.requests),
          std::to_string(c.queued_items),
          size_text(c.backlog),
          std::to_string(c.messages_in) + "/" + size_text(c.bytes_in),
          std::to_string(c.messages_out) + "/" + size_text(c.bytes_out),
          dash(c.session),
          topics_text(c)};
}

std::string connection_table(const std::vector<connection_entry>& connections, bool with_head) {
  std::vector<std::vector<std::string>> rows;
  if (with_head)
    rows.push_back(
        {"ID", "NODE", "USER", "ADDRESS", "AGE", "REQS", "QUEUED", "BACKLOG", "IN", "OUT", "SESSION", "TOPICS"});
  for (const connection_entry& c : connections) rows.push_back(row_of(c));
  return in_columns(std::move(rows));
}

void warn_of(session s, const std::vector<std::string>& missing, const std::map<std::string, std::string>& names) {
  for (const std::string& node : missing) {
    const auto name = names.find(node);
    const std::string called = name != names.end() ? " (" + name->second + ")" : std::string{};
    s.out.note("swill: no answer from node " + printable(node + called));
  }
}

std::string rpc(const char* name) { return std::string{"swill.connections."} + name; }

/// Asks, and decodes the answer; what it was is in `as_it_came`.
template <class T>
task<T> ask(session s, std::string name, value request, value& as_it_came) {
  const auto call = s.server.start<value>(name, request, s.given.call());
  try {
    as_it_came = co_await call.result();
  } catch (const error& e) {
    explain_missing(e, "connections");
    throw;
  }
  co_return from_value<T>(as_it_came).value();
}

task<void> list_connections(session s) {
  const conns_options& o = s.given.conns;
  connection_query q;
  q.filter.node = o.node;
  q.filter.user = o.user;
  q.filter.topic = o.topic;
  q.filter.remote_address = o.address;
  q.filter.session = o.session;
  q.filter.least_age_ms = o.older_than.count();
  std::size_t left = o.limit;
  for (bool first = true;; first = false) {
    constexpr std::size_t largest = 1000;
    q.limit = o.all ? largest : std::min(left, largest);
    value request = to_value(q);
    value came;
    const connection_page page = co_await ask<connection_page>(s, rpc("list"), std::move(request), came);
    s.out.answer(to_json(came), connection_table(page.connections, first));
    warn_of(s, page.missing, page.names);
    left -= std::min(left, page.connections.size());
    q.cursor = page.cursor;
    if (q.cursor.empty() || (!o.all && left == 0)) break;
  }
  if (!q.cursor.empty()) s.out.note("swill: there may be more: --limit N, or --all");
}

std::string details_text(const connection_details& d) {
  const connection_entry& c = d.connection;
  const auto line = [](const std::string& name, const std::string& text) {
    return name + std::string(10 - name.size(), ' ') + printable(text) + "\n";
  };
  std::string out = line("id", c.id) + line("node", c.node + (c.node_name.empty() ? "" : " " + c.node_name)) +
                    line("user", dash(c.user)) + line("address", c.remote_address) + line("path", c.path) +
                    line("protocol", c.subprotocol) + line("age", age_text(c.age_ms)) +
                    line("in", std::to_string(c.messages_in) + " messages, " + size_text(c.bytes_in) + " bytes") +
                    line("out", std::to_string(c.messages_out) + " messages, " + size_text(c.bytes_out) + " bytes") +
                    line("backlog", size_text(c.backlog) + " bytes") +
                    line("queued", std::to_string(c.queued_items) + " items, " + size_text(c.queued_bytes) + " bytes") +
                    line("session", dash(c.session)) + line("topics", topics_text(c)) +
                    line("requests", std::to_string(c.requests));
  for (const open_request& r : d.open)
    out += "  " + printable(r.rpc) + "  seq " + std::to_string(r.seq) + "  " + age_text(r.age_ms) +
           (r.answered ? "  answered\n" : "\n");
  return out;
}

task<void> show_connection(session s) {
  value request = value::map({{"id", s.given.conns.id}, {"node", s.given.conns.node}});
  value came;
  const connection_details d = co_await ask<connection_details>(s, rpc("show"), std::move(request), came);
  s.out.answer(to_json(came), details_text(d));
}

task<void> close_connections(session s) {
  const conns_options& o = s.given.conns;
  value request = value::map({{"code", o.code}, {"reason", o.reason}});
  if (o.user.empty()) {
    request.set("id", o.id);
    request.set("node", o.node);
  } else {
    request.set("user", o.user);
  }
  value came;
  const closed_connections c =
      co_await ask<closed_connections>(s, rpc(o.user.empty() ? "close" : "close_user"), std::move(request), came);
  s.out.answer(to_json(came), "closed " + std::to_string(c.closed) + "\n");
  warn_of(s, c.missing, {});
}

task<void> cancel_request(session s) {
  const conns_options& o = s.given.conns;
  value request = value::map({{"id", o.id}, {"seq", o.seq}, {"node", o.node}, {"reason", o.cancel_reason}});
  value came;
  const open_request r = co_await ask<open_request>(s, rpc("cancel"), std::move(request), came);
  s.out.answer(to_json(came),
               "cancelled " + printable(r.rpc) + "  seq " + std::to_string(r.seq) + "  " + age_text(r.age_ms) + "\n");
}

} // namespace

task<void> conns(session s) {
  const std::string& action = s.given.conns.action;
  if (action == "ls") return list_connections(s);
  if (action == "show") return show_connection(s);
  return action == "cancel" ? cancel_request(s) : close_connections(s);
}

} // namespace swill::cli
