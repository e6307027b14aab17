#include "apps/cli/options.hpp"

#include "apps/cli/exit_codes.hpp"
#include "apps/cli/json.hpp"
#include "apps/common/command_line.hpp"
#include "apps/common/option_values.hpp"
#include "apps/common/small_file.hpp"
#include "libswill/wire/envelope.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

namespace swill::cli {

namespace {

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
      const value* v = given.find(name);
      if (const auto* n = v != nullptr ? v->get_if<std::int64_t>() : nullptr) to = *n;
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

/// What CLI11 fills before it is looked at.
struct raw_options {
  std::string message;
  std::string since;
  std::string timeout;
  std::string older_than;
  std::vector<std::string> headers;
  std::vector<std::string> metadata;
};

void add_common(CLI::App& program, options& o, raw_options& raw) {
  std::vector<CLI::Option*> all;
  const auto add = [&all](CLI::Option* option) { return all.emplace_back(option); };
  add(program.add_option("--url", o.url, "ws://HOST:PORT/PATH or unix:PATH"))
      ->envname("SWILL_URL")
      ->capture_default_str();
  add(program.add_flag("--json", o.json, "Output and errors for machines: one JSON document or line each"));
  add(program.add_option("-H,--header", raw.headers, "'Name: value': a header of the upgrade request"))
      ->allow_extra_args(false);
  add(program.add_option("-m,--metadata", raw.metadata,
                         "key=value: metadata of the call; the value is JSON, or else text"))
      ->allow_extra_args(false);
  add(program.add_flag("-v,--verbose", o.verbose,
                       "Shows the metadata of the response, on stderr; --json does so, too"));
  add(program.add_option("--cookie-jar", o.cookie_jar,
                         "File that keeps cookies, and with them a session, from one call to the next"))
      ->envname("SWILL_COOKIE_JAR");
  add(program.add_option("--timeout", raw.timeout,
                         "Deadline of each call and ping, and limit for connecting: 500ms, 2s, 1m"))
      ->type_name("TIME");
  for (CLI::Option* option : all) option->group("Common options");
}

CLI::App* add_call(CLI::App& program, options& o, raw_options& raw, const char* verb, const char* what) {
  auto* sub = program.add_subcommand(verb, what);
  sub->add_option("NAME", o.name, "Handler")->required();
  sub->add_option("JSON", raw.message, "The message; nil without one");
  sub->add_option("--shape", o.shape, "What streams, for servers that do not tell: unary (nothing), up, down, both")
      ->check(CLI::IsMember({"unary", "up", "down", "both"}));
  return sub;
}

void add_conns(CLI::App& program, conns_options& o, raw_options& raw) {
  auto* conns = program.add_subcommand("conns", "Connections of all nodes, for administrators");
  conns->require_subcommand(1);
  conns->fallthrough();
  conns->add_option("--admin-token-file", o.token_file, "File with the token that is sent as metadata admin_token")
      ->envname("SWILL_ADMIN_TOKEN_FILE")
      ->group("Options of conns");
  conns->add_option("--node", o.node, "Those of this node")->group("Options of conns");
  conns->add_option("--user", o.user, "Those of this user")->group("Options of conns");
  auto* list = conns->add_subcommand("ls", "A table of connections");
  list->add_option("--topic", o.topic, "Those that are subscribed to this topic");
  list->add_option("--address", o.address, "Those whose peer's address begins so");
  list->add_option("--session", o.session, "Those of the session with this short hash");
  list->add_option("--older-than", raw.older_than, "Those that are open for so long: 500ms, 2s, 1m, 1h")
      ->type_name("TIME");
  auto* limit = list->add_option("--limit", o.limit, "How many")
                    ->type_name("COUNT")
                    ->check(apps::whole_number(1, most_wanted))
                    ->capture_default_str();
  list->add_flag("--all", o.all, "As many as there are")->excludes(limit);
  conns->add_subcommand("show", "One connection with its open requests")->add_option("ID", o.id)->required();
  auto* close = conns->add_subcommand("close", "Closes one connection, or with --user all of a user");
  close->add_option("ID", o.id);
  close->add_option("--code", o.code, "Close code")
      ->type_name("NUMBER")
      ->check(apps::whole_number(1000, 4999))
      ->capture_default_str();
  close->add_option("--reason", o.reason, "What the client is told")
      ->check(apps::may_be_empty())
      ->capture_default_str();
  auto* cancel = conns->add_subcommand("cancel", "Cancels one open request, by the seq that show lists");
  cancel->add_option("ID", o.id)->required();
  cancel->add_option("SEQ", o.seq)->type_name("NUMBER")->check(apps::whole_number(1, wire::largest_seq))->required();
  cancel->add_option("--reason", o.cancel_reason, "What the client is told")
      ->check(apps::may_be_empty())
      ->capture_default_str();
}

void add_verbs(CLI::App& program, options& o, raw_options& raw) {
  program.add_subcommand("ls", "The server's handlers, with their shapes and types");
  program.add_subcommand("describe", "One handler: its fields, rules and words")
      ->add_option("NAME", o.name, "Handler")
      ->required();
  add_call(program, o, raw, "call", "Calls a handler of one message; a streamed response comes as JSON lines");
  add_call(program, o, raw, "stream",
           "Calls any handler; a streaming request takes its items from JSON lines on stdin");
  program.add_subcommand("introspect", "What the server says about itself, as JSON");
  program.add_subcommand("ping", "Round trips of WebSocket ping and pong")
      ->add_option("-n,--count", o.count, "How many")
      ->type_name("COUNT")
      ->check(apps::whole_number(1, 1'000'000))
      ->capture_default_str();
  auto* bench = add_call(program, o, raw, "bench", "Calls a handler again and again, and counts");
  bench->add_option("-c,--connections", o.connections, "Connections")
      ->type_name("COUNT")
      ->check(apps::whole_number(1, 10'000))
      ->capture_default_str();
  bench->add_option("-d,--depth", o.depth, "Calls that each connection has open at once")
      ->type_name("COUNT")
      ->check(apps::whole_number(1, 10'000))
      ->capture_default_str();
  bench->add_option("-s,--seconds", o.seconds, "How long")
      ->type_name("SECONDS")
      ->check(apps::number(0.01, 86400))
      ->capture_default_str();
}

/// That of the verb, with the options that stand above it.
std::string help_of(const CLI::App& program) {
  std::string text = program.help();
  auto verbs = apps::given_verbs(program);
  const auto format = std::dynamic_pointer_cast<CLI::Formatter>(program.get_formatter());
  for (verbs.pop_back(); !verbs.empty() && format != nullptr; verbs.pop_back()) {
    while (text.ends_with('\n')) text.pop_back();
    text += "\n" + format->make_groups(verbs.back(), CLI::AppFormatMode::Sub); // which leaves --help out
  }
  return text;
}

void add_topics(CLI::App& program, options& o, raw_options& raw) {
  auto* pub = program.add_subcommand("pub", "Publishes a message to a topic, or each line of stdin");
  pub->add_option("TOPIC", o.name, "Topic")->required();
  pub->add_option("JSON", raw.message, "The message; without one, each line of stdin is one");
  pub->add_option("--key", o.topics.key, "Idempotency key: the same one again publishes nothing");
  auto* sub = program.add_subcommand("sub", "Messages of a topic as they come, as JSON lines");
  sub->add_option("TOPIC", o.name, "Topic")->required();
  sub->add_option("--since", raw.since, "EPOCH:OFFSET, or a line that pub or sub has printed: what came after that");
  sub->add_option("-n,--count", o.topics.count, "Ends after so many messages")
      ->type_name("COUNT")
      ->check(apps::whole_number(1, most_wanted));
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
  if (o.verb == "ping" && !o.extra.empty()) throw usage_error("-m: has no effect on ping, which calls nothing");
}

void parse(CLI::App& program, int argc, char** argv, std::string& help) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    help = help_of(program);
  } catch (const CLI::CallForAllHelp&) {
    help = program.help("", CLI::AppFormatMode::All);
  } catch (const CLI::CallForVersion& e) {
    help = std::string{e.what()} + "\n";
  } catch (const CLI::ParseError& e) {
    throw usage_error(apps::mistake_of(program, e));
  }
}

} // namespace

options parse_options(int argc, char** argv, std::string& help) {
  CLI::App program{"Talks to servers of swill.v1. Exit codes: docs/cli.md.", "swill"};
  program.require_subcommand(1);
  program.fallthrough(); // the common options may stand behind the verb too
  program.set_help_all_flag("--help-all", "Help for all verbs");
  program.set_version_flag("--version", apps::version_of("swill"));
  options o;
  raw_options raw;
  add_common(program, o, raw);
  add_verbs(program, o, raw);
  add_topics(program, o, raw);
  add_conns(program, o.conns, raw);
  apps::refuse_empty_values(program);
  parse(program, argc, argv, help);
  if (!help.empty()) return o;

  const CLI::App* verb = program.get_subcommands().front();
  o.verb = verb->get_name();
  if (o.verb == "conns") o.conns.action = verb->get_subcommands().front()->get_name();
  if (!raw.older_than.empty()) o.conns.older_than = parse_time("--older-than", raw.older_than);
  if (!raw.timeout.empty()) o.timeout = parse_time("--timeout", raw.timeout);
  for (const auto& text : raw.headers) o.headers.push_back(parse_header(text));
  for (const auto& text : raw.metadata) add_metadata(o.extra, text);
  if (!raw.message.empty()) o.message = parse_json(raw.message);
  if (!raw.since.empty()) o.topics.since = parse_position(raw.since);
  check_together(o);
  if (!o.conns.token_file.empty() && o.verb == "conns")
    o.extra.set("admin_token", apps::read_secret("--admin-token-file", o.conns.token_file));
  return o;
}

bool asks_for_json(int argc, char** argv) {
  return std::find(argv, argv + argc, std::string_view{"--json"}) != argv + argc;
}

swill::client_options options::client() const {
  swill::client_options out;
  out.headers = headers;
  out.close_timeout = std::chrono::milliseconds{1000};
  if (timeout.count() > 0) {
    out.connect_timeout = timeout;
    out.close_timeout = std::min(out.close_timeout, timeout);
  }
  return out;
}

swill::call_options options::call() const { return {extra, timeout}; }

} // namespace swill::cli
