#include "apps/cli/options.hpp"

#include "apps/cli/exit_codes.hpp"
#include "apps/cli/json.hpp"
#include "libswill/net/tls.hpp"
#include "libswill/programs/options/command_line.hpp"
#include "libswill/programs/options/small_file.hpp"
#include "libswill/wire/envelope.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

namespace swill::cli {

namespace {

using programs::command_line;
using programs::number;
using programs::one_of;
using programs::whole_number;

/// "500ms", "2s", "1.5m", "2" (seconds).
std::chrono::milliseconds parse_time(const std::string& option, const std::string& text) {
  double amount = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), amount);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  static const std::map<std::string_view, double> units{
      {"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60000}, {"h", 3600000}};
  const auto factor = units.find(unit);
  constexpr double longest = 1e12;
  if (problem != std::errc{} || factor == units.end() || !(amount > 0) || amount * factor->second > longest) {
    throw usage_error(option + ": '" + text + "' is no time such as 500ms, 2s or 1m");
  }
  return std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil(amount * factor->second))};
}

/// EPOCH:OFFSET, or the JSON that `pub` and `sub` print.
value parse_position(const std::string& text) {
  constexpr std::int64_t most = (std::int64_t{1} << 53) - 1; // docs/protocol.md §10
  std::int64_t epoch = -1, offset = -1;
  if (text.starts_with('{')) {
    const value given = parse_json(text);
    const auto take = [&given](std::string_view name, std::int64_t& to) {
      if (const auto* n = given.find<std::int64_t>(name)) to = *n;
    };
    take("epoch", epoch);
    take("offset", offset);
  } else {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, epoch);
    if (read.ec == std::errc{} && read.ptr != end && *read.ptr == ':' &&
        std::from_chars(read.ptr + 1, end, offset).ptr != end)
      offset = -1;
  }
  if (epoch < 0 || epoch > most || offset < 0 || offset > most)
    throw usage_error("--since: '" + text + "' is no position such as 17:42, EPOCH:OFFSET, both below 2^53");
  return value::map({{"epoch", epoch}, {"offset", offset}});
}

header_list::value_type parse_header(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0) throw usage_error("-H: '" + text + "' is not 'Name: value'");
  const auto start = text.find_first_not_of(" \t", colon + 1);
  return {text.substr(0, colon), start == std::string::npos ? "" : text.substr(start)};
}

void add_metadata(metadata& to, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) throw usage_error("-m: '" + text + "' is not key=value");
  to.set(text.substr(0, equals), parse_loosely(text.substr(equals + 1)));
}

constexpr std::uint64_t most_wanted = 1'000'000'000; // messages, or connections

/// Texts of the command line, before they are looked at.
struct raw_options {
  std::string place; ///< URL of a server, where it may stand without --url
  std::string message;
  std::string since;
  std::string timeout;
  std::string older_than;
  std::vector<std::string> headers;
  std::vector<std::string> metadata;
  std::vector<programs::added_option> of_tls;
};

void add_common(command_line& program, options& o, raw_options& raw) {
  const auto add = [&program](programs::option each) {
    each.group = "Common options";
    return program.add(std::move(each));
  };
  add({.name = "--url",
       .value = o.url,
       .text = "ws://HOST:PORT/PATH, wss://HOST:PORT/PATH or unix:PATH",
       .variable = "SWILL_URL"});
  add({"--json", o.json, "Output and errors for machines: one JSON document or line each"});
  add({.name = "-H,--header",
       .value = raw.headers,
       .text = "'Name: value': a header of the upgrade request",
       .is_one_word = true});
  add({.name = "-m,--metadata",
       .value = raw.metadata,
       .text = "key=value: metadata of the call; the value is JSON, or else text",
       .is_one_word = true});
  add({"-v,--verbose", o.verbose, "Shows the metadata of the response, on stderr; --json does so, too"});
  add({.name = "--cookie-jar",
       .value = o.cookie_jar,
       .text = "File that keeps cookies, and with them a session, from one call to the next",
       .variable = "SWILL_COOKIE_JAR"});
  raw.of_tls.push_back(
      add({.name = "--tls-ca",
           .value = o.tls.authority,
           .text = "Authorities that wss:// servers may have their certificates of (PEM); none: the system's",
           .variable = "SWILL_CLIENT_TLS_CA"}));
  raw.of_tls.push_back(add({.name = "--tls-cert",
                            .value = o.tls.identity.certificate,
                            .text = "Our own certificate (PEM), for servers that ask",
                            .variable = "SWILL_CLIENT_TLS_CERT"}));
  raw.of_tls.push_back(add(
      {.name = "--tls-key", .value = o.tls.identity.key, .text = "Its key (PEM)", .variable = "SWILL_CLIENT_TLS_KEY"}));
  raw.of_tls.push_back(add({.name = "--tls-server-name",
                            .value = o.tls.server_name,
                            .text = "The name that a wss:// server's certificate must have; none: the URL's host",
                            .variable = "SWILL_CLIENT_TLS_SERVER_NAME"}));
  add({"--timeout", raw.timeout, "Deadline of each call and ping, and limit for connecting: 500ms, 2s, 1m", "TIME"});
}

/// An argument that must be there, by its place.
void add_place(command_line& verb, const char* name, std::string& to, const char* text = "") {
  verb.add({.name = name, .value = to, .text = text, .is_required = true});
}

command_line add_call(command_line& program, options& o, raw_options& raw, const char* name, const char* what) {
  auto verb = program.verb(name, what);
  add_place(verb, "NAME", o.name, "Handler");
  verb.add({"JSON", raw.message, "The message; nil without one"});
  verb.add({"--shape", one_of(o.shape, {{"unary", "unary"}, {"up", "up"}, {"down", "down"}, {"both", "both"}}),
            "What streams, for servers that do not tell: unary (nothing), up, down, both"});
  return verb;
}

void add_conns(command_line& program, conns_options& o, raw_options& raw) {
  auto conns = program.verb("conns", "Connections of all nodes, for administrators");
  conns.needs_verb();
  const auto add = [&conns](programs::option each) {
    each.group = "Options of conns";
    conns.add(std::move(each));
  };
  add({.name = "--admin-token-file",
       .value = o.token_file,
       .text = "File with the token that is sent as metadata admin_token",
       .variable = "SWILL_ADMIN_TOKEN_FILE"});
  add({"--node", o.node, "Those of this node"});
  add({"--user", o.user, "Those of this user"});
  auto list = conns.verb("ls", "A table of connections");
  list.add({"--topic", o.topic, "Those that are subscribed to this topic"});
  list.add({"--address", o.address, "Those whose peer's address begins so"});
  list.add({"--session", o.session, "Those of the session with this short hash"});
  list.add({"--older-than", raw.older_than, "Those that are open for so long: 500ms, 2s, 1m, 1h", "TIME"});
  const auto limit = list.add({"--limit", whole_number(o.limit, 1, most_wanted), "How many", "COUNT"});
  list.add({.name = "--all", .value = o.all, .text = "As many as there are", .not_beside = limit});
  auto show = conns.verb("show", "One connection with its open requests");
  add_place(show, "ID", o.id);
  const auto add_reason = [](command_line& verb, std::string& to) {
    verb.add({.name = "--reason", .value = to, .text = "What the client is told", .may_be_empty = true});
  };
  auto close = conns.verb("close", "Closes one connection, or with --user all of a user");
  close.add({"ID", o.id, ""});
  close.add({"--code", whole_number(o.code, 1000, 4999), "Close code", "NUMBER"});
  add_reason(close, o.reason);
  auto cancel = conns.verb("cancel", "Cancels one open request, by the seq that show lists");
  add_place(cancel, "ID", o.id);
  cancel.add(
      {.name = "SEQ", .value = whole_number(o.seq, 1, wire::largest_seq), .unit = "NUMBER", .is_required = true});
  add_reason(cancel, o.cancel_reason);
}

void add_verbs(command_line& program, options& o, raw_options& raw) {
  program.verb("ls", "The server's handlers, with their shapes and types");
  auto described = program.verb("describe", "One handler: its fields, rules and words");
  add_place(described, "NAME", o.name, "Handler");
  add_call(program, o, raw, "call", "Calls a handler of one message; a streamed response comes as JSON lines");
  add_call(program, o, raw, "stream",
           "Calls any handler; a streaming request takes its items from JSON lines on stdin");
  program.verb("introspect", "What the server says about itself, as JSON");
  program.verb("ping", "Round trips of WebSocket ping and pong")
      .add({"-n,--count", whole_number(o.count, 1, 1'000'000), "How many", "COUNT"});
  auto bench = add_call(program, o, raw, "bench", "Calls a handler again and again, and counts");
  bench.add({"-c,--connections", whole_number(o.connections, 1, 10'000), "Connections", "COUNT"});
  bench.add({"-d,--depth", whole_number(o.depth, 1, 10'000), "Calls that each connection has open at once", "COUNT"});
  bench.add({"-s,--seconds", number(o.seconds, 0.01, 86400), "How long", "SECONDS"});
}

void add_topics(command_line& program, options& o, raw_options& raw) {
  auto pub = program.verb("pub", "Publishes a message to a topic, or each line of stdin");
  add_place(pub, "TOPIC", o.name, "Topic");
  pub.add({"JSON", raw.message, "The message; without one, each line of stdin is one"});
  pub.add({"--key", o.topics.key, "Idempotency key: the same one again publishes nothing"});
  auto sub = program.verb("sub", "Messages of a topic as they come, as JSON lines");
  add_place(sub, "TOPIC", o.name, "Topic");
  sub.add({"--since", raw.since, "EPOCH:OFFSET, or a line that pub or sub has printed: what came after that"});
  sub.add({"-n,--count", whole_number(o.topics.count, 1, most_wanted), "Ends after so many messages", "COUNT"});
}

void add_gen(command_line& program, gen_options& o, raw_options& raw) {
  auto gen = program.verb("gen", "Code and pages from what a server says about itself");
  gen.needs_verb();
  const auto add = [&](const char* name, const char* what) {
    auto verb = gen.verb(name, what);
    verb.add({"URL", raw.place, "Server; without it that of --url"});
    verb.add({"--from", o.from, "File that `swill introspect` has printed, instead of a server", "FILE"});
    verb.add(
        {"-o,--output", o.to, "File to write, which is left alone when it says the same; without it: stdout", "FILE"});
    verb.add({"--check", o.check, "Writes nothing: exit code 1 and the difference when FILE says something else"});
    return verb;
  };
  add("json-schema", "JSON Schema of all messages, as the JSON that this program reads and prints");
  add("js", "The same as ts in JavaScript, for pages without a bundler");
  add("md", "A page in Markdown about all handlers and their types");
  add("ts", "A TypeScript module: types, and a function for each handler")
      .add({"--bigint", o.bigint, "Integers of 64 bits are number | bigint, as they come, and not number"});
}

void add_schema(command_line& program, schema_options& o) {
  auto schema = program.verb("schema", "What servers say about themselves, compared");
  schema.needs_verb();
  auto diff = schema.verb("diff", "The changes from A to B: exit code 1 when some break clients");
  add_place(diff, "A", o.before, "URL, or file that `swill introspect` has printed: what clients were made for");
  add_place(diff, "B", o.after, "The same of what comes");
}

void add_project(command_line& program, options& o) {
  auto fresh = program.verb("new", "A project: program, test, page and client, in a directory of its name");
  add_place(fresh, "NAME", o.name, "Directory, program, and first part of the handlers' names");
  fresh.add({"--cluster", o.project.cluster, "And what `swill add cluster` adds"});
  auto add = program.verb("add", "Adds to the project in this directory");
  add.needs_verb();
  add.verb("cluster", "A worker, Dockerfile, docker-compose.yml and nginx.conf");
  program.verb("dev", "Builds the project in this directory, runs it, and does so again after each edit")
      .add({"ARGUMENTS", o.project.arguments, "Behind --: further arguments of the program"});
  program.verb("test", "Builds the project in this directory, and runs its tests")
      .add({"ARGUMENTS", o.project.arguments, "Behind --: arguments of ctest"});
}

/// What TLS cannot use is ours to mend, not the server's.
void check_tls(const tls_client_options& tls) {
  if (tls.authority.empty() && tls.identity.certificate.empty() && tls.server_name.empty()) return;
  mistake_list found;
  net::check(tls, "", found);
  for (const mistake& m : found.all()) {
    const std::string name = m.path == ".authority"     ? "--tls-ca"
                             : m.path == ".server_name" ? "--tls-server-name"
                             : m.path == ".key"         ? "--tls-key"
                                                        : "--tls-cert";
    throw usage_error(name + ": " + m.text);
  }
}

/// The server that the verb goes to is one without TLS.
bool is_without_tls(const options& o) {
  return o.verb != "schema" && (o.url.starts_with("ws://") || o.url.starts_with("unix:"));
}

/// What is right by itself, but not beside the rest.
void check_together(const options& o) {
  const conns_options& c = o.conns;
  if (c.action == "close" && c.id.empty() == c.user.empty()) throw usage_error("conns close: either ID or --user USER");
  if ((c.action == "show" || c.action == "cancel") && !c.user.empty())
    throw usage_error("--user: has no effect on conns " + c.action + ", which takes an ID");
  if (c.action == "close" && !c.user.empty() && !c.node.empty())
    throw usage_error("--node: has no effect with --user, which is closed on all nodes");
  if (o.verb == "pub" && !o.message && !o.topics.key.empty())
    throw usage_error("--key: is of one message, given as JSON");
  if (o.gen.check && o.gen.to.empty()) throw usage_error("--check: wants the file to look at, -o FILE");
  if (o.tls.identity.certificate.empty() != o.tls.identity.key.empty())
    throw usage_error("--tls-cert and --tls-key belong together");
  if (!is_without_tls(o)) check_tls(o.tls); // the environment may have them for servers of both kinds
  if (o.verb == "ping" && !o.extra.empty()) throw usage_error("-m: has no effect on ping, which calls nothing");
}

} // namespace

options parse_options(int argc, char** argv, std::string& help) {
  command_line program{"swill", "Talks to servers of swill.v1. Exit codes: docs/cli.md."};
  program.needs_verb();
  options o;
  raw_options raw;
  add_common(program, o, raw);
  add_verbs(program, o, raw);
  add_topics(program, o, raw);
  add_conns(program, o.conns, raw);
  add_gen(program, o.gen, raw);
  add_schema(program, o.schema);
  add_project(program, o);
  help = program.parse(argc, argv);
  if (!help.empty()) return o;

  const auto verbs = program.given_verbs();
  o.verb = verbs.front();
  if (o.verb == "conns") o.conns.action = verbs.back();
  if (o.verb == "gen") o.gen.what = verbs.back();
  if (!raw.place.empty() && !o.gen.from.empty())
    throw usage_error("--from: is instead of a server, and there is a URL");
  if (!raw.place.empty()) o.url = raw.place;
  if (!raw.older_than.empty()) o.conns.older_than = parse_time("--older-than", raw.older_than);
  if (!raw.timeout.empty()) o.timeout = parse_time("--timeout", raw.timeout);
  for (const auto& text : raw.headers) o.headers.push_back(parse_header(text));
  for (const auto& text : raw.metadata) add_metadata(o.extra, text);
  if (!raw.message.empty()) o.message = parse_json(raw.message);
  if (!raw.since.empty()) o.topics.since = parse_position(raw.since);
  // The environment may have them for servers of both kinds.
  for (const programs::added_option tls : raw.of_tls)
    programs::require_effect_of_argument(tls, !is_without_tls(o), "with " + o.url + ", which is not wss://");
  check_together(o);
  if (!o.conns.token_file.empty() && o.verb == "conns")
    o.extra.set("admin_token", programs::read_secret("--admin-token-file", o.conns.token_file));
  return o;
}

bool asks_for_json(int argc, char** argv) {
  return std::find(argv, argv + argc, std::string_view{"--json"}) != argv + argc;
}

swill::client_options options::client() const {
  swill::client_options out;
  out.headers = headers;
  out.tls = tls;
  out.close_timeout = std::chrono::milliseconds{1000};
  if (timeout.count() > 0) {
    out.connect_timeout = timeout;
    out.close_timeout = std::min(out.close_timeout, timeout);
  }
  return out;
}

swill::call_options options::call() const { return {extra, timeout}; }

} // namespace swill::cli
