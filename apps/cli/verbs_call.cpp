#include "apps/cli/exit_codes.hpp"
#include "apps/cli/json.hpp"
#include "apps/cli/lines.hpp"
#include "apps/cli/verbs.hpp"
#include "libswill/base/await.hpp"
#include "libswill/client/errors.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace swill::cli {

namespace {

bool streams(const value& record, std::string_view side) {
  const value* v = record.find(side);
  const value* flag = v != nullptr ? v->find("streams") : nullptr;
  return flag != nullptr && *flag == value{true};
}

/// Whether the server has answered that it does not describe itself: to nobody (404, 501), not to this client (401, 403), not now (429), or in
/// another way that lays it on the request. A connection that was lost, a time that is up and a server that fails are no such answers.
bool is_refusal(const error& e) {
  if (dynamic_cast<const connection_lost*>(&e) != nullptr) return false;
  if (e.is(error_code::deadline_exceeded) || e.is(error_code::cancelled)) return false;
  return (e.code >= 400 && e.code < 500) || e.is(error_code::invalid_rpc);
}

/// Metadata are shown where they come: the leading ones before what they lead.
template <class Call>
task<void> show_leading(session s, const Call& of) {
  co_await of.ready();
  s.out.show_metadata("leading", of.leading());
}

template <class Call>
task<void> print_items(session s, Call& from) {
  co_await show_leading(s, from);
  while (const auto item = co_await from.next()) {
    s.out.line(to_json(*item));
    if (!from.has_item()) s.out.flush();
  }
  s.out.flush();
  s.out.show_metadata("trailing", from.trailing());
}

/// Waits for the one message of a response.
template <class Call>
task<void> print_result(session s, const Call& of) {
  co_await show_leading(s, of);
  const value result = co_await of.result();
  s.out.document(to_json(result));
  s.out.show_metadata("trailing", of.trailing());
}

task<void> call_unary(session s) {
  const value request = s.given.message.value_or(value{});
  const auto call = s.server.start<value>(s.given.name, request, s.given.call());
  co_await print_result(s, call);
}

task<void> call_streaming_response(session s) {
  const value request = s.given.message.value_or(value{});
  const auto items = s.server.stream<value>(s.given.name, request, s.given.call());
  co_await print_items(s, items);
}

task<void> call_with_one_message(session s, const shape& kind) {
  return kind.response_streams ? call_streaming_response(s) : call_unary(s);
}

value item_of(const line_source::line& l) {
  try {
    return parse_json(l.text);
  } catch (const usage_error& e) {
    throw usage_error("line " + std::to_string(l.number) + " of stdin: " + e.what());
  }
}

/// The argument is the one item; without one they come from stdin.
template <class Call>
task<void> send_items(session s, const Call& to) {
  if (s.given.message) {
    value item = *s.given.message;
    co_await to.write(std::move(item));
    to.close_writing();
    co_return;
  }
  auto items = stdin_items();
  while (auto item = co_await items.next()) {
    if (!co_await to.write(std::move(*item))) co_return;
    s.out.sent();
  }
  to.close_writing();
}

task<void> call_upload(session s) {
  const auto upload = s.server.upload<value, value>(s.given.name, s.given.call());
  // A handler may answer, or fail, before stdin ends.
  const auto first = co_await when_any(upload.ready(), send_items(s, upload));
  (void)first;
  co_await print_result(s, upload);
}

task<void> call_duplex(session s) {
  const auto both = s.server.duplex<value, value>(s.given.name, s.given.call());
  const auto first = co_await when_any(print_items(s, both), send_items(s, both));
  if (first.index() == 1) co_await print_items(s, both);
}

/// The words of docs/protocol.md §4: a 404 in others is the handler's own.
bool is_unknown_handler(const error& e) {
  return e.is(error_code::not_found) && e.message == "No func was found to process this request";
}

} // namespace

swill::stream<value> stdin_items() {
  // Shared with the thread that reads, which may outlive this coroutine.
  const auto source = std::make_shared<line_source>();
  const auto read = [source] { return source->next(); };
  for (;;) {
    const auto lines = co_await on_pool(read);
    if (lines.empty()) co_return;
    for (const auto& line : lines) {
      value item = item_of(line);
      co_yield std::move(item);
    }
  }
}

void explain_missing(const error& e, std::string_view plugin) {
  if (!is_unknown_handler(e)) return;
  const std::string name{plugin};
  throw error{error_code::not_found, "this server does not use the plugin `" + name + "` (docs/" + name + ".md)"};
}

task<void> with_suggestion(task<void> call, std::string suggestion) {
  try {
    co_await std::move(call);
  } catch (const error& e) {
    if (suggestion.empty() || !is_unknown_handler(e)) throw;
    throw error{e.code, e.message + suggestion, e.data};
  }
}

task<shape> shape_of(session s) {
  const std::string& given = s.given.shape;
  if (!given.empty()) co_return shape{given == "up" || given == "both", given == "down" || given == "both"};
  found_handler found;
  std::optional<error> refusal;
  try {
    found = co_await find_handler(s);
  } catch (const error& e) {
    if (!is_refusal(e)) throw;
    refusal = e;
  }
  if (refusal)
    throw usage_error("the server does not tell whether " + s.given.name + " streams (" +
                      std::to_string(refusal->code) + " " + refusal->message + "): pass --shape");
  if (!found.record) co_return shape{.suggestion = found.suggestion}; // a call will be answered that it does not exist
  co_return shape{streams(*found.record, "request"), streams(*found.record, "response")};
}

task<void> call(session s) {
  const shape kind = co_await shape_of(s);
  if (kind.request_streams) throw usage_error("'" + s.given.name + "' takes a stream: swill stream " + s.given.name);
  auto call = call_with_one_message(s, kind);
  co_await with_suggestion(std::move(call), kind.suggestion);
}

task<void> stream(session s) {
  const shape kind = co_await shape_of(s);
  auto call = !kind.request_streams   ? call_with_one_message(s, kind)
              : kind.response_streams ? call_duplex(s)
                                      : call_upload(s);
  co_await with_suggestion(std::move(call), kind.suggestion);
}

} // namespace swill::cli
