#include "apps/cli/gen.hpp"
#include "apps/cli/type_names.hpp"
#include "apps/cli/typescript_checks.hpp"
#include "apps/cli/typescript_types.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace swill::cli {

namespace {

using handler = described_handler;

/// What a generated module has names for beside those of the API's types.
const std::set<std::string> typescript_names{
    "Api",        "Array",  "CallOptions", "Client",        "Date",           "Errors",     "Failure",
    "Fields",     "Int64",  "Map",         "Messages",      "Partial",        "Promise",    "Record",
    "ReturnType", "Source", "Stream",      "StreamOptions", "RequestOptions", "SwillError", "Uint8Array"};

/// Handlers by the parts of their names: those of "shop.price" are the group "shop" and, in it, "price".
struct group {
  std::map<std::string, group> groups;
  std::map<std::string, const handler*> handlers;
};

group grouped(const described_api& api) {
  group all;
  for (const handler& h : api) {
    group* in = &all;
    std::string_view rest = h.name;
    for (std::size_t dot = 0; (dot = rest.find('.')) != std::string_view::npos; rest.remove_prefix(dot + 1))
      in = &in->groups[std::string{rest.substr(0, dot)}];
    in->handlers[std::string{rest}] = &h;
  }
  return all;
}

class typescript_module {
public:
  typescript_module(const described_api& api, const typescript_options& o)
      : api_(api), options_(o), name_list_(typescript_names), names_(api, name_list_), types_(names_) {}

  std::string text() {
    const std::string checks = typescript_checks(api_, names_, options_.has_types);
    const std::string body =
        types_.declarations(options_.has_types) + functions() + typed(messages()) + facts() + checks;
    return "// Made by `swill gen " + std::string{options_.has_types ? "ts" : "js"} +
           "` of what a server says about itself (docs/typescript.md). To change it, make it "
           "anew.\n" +
           imports(!checks.empty()) + integers(body) + body;
  }

private:
  /// What only TypeScript has.
  std::string typed(const std::string& text) const { return options_.has_types ? text : ""; }

  std::string functions();
  void add_group(std::string& out, const group& g, const std::string& indent);
  std::string function(const handler& h, const std::string& key, const std::string& indent);
  static std::vector<std::string> words(const handler& h);
  std::string messages() const;
  std::string facts();
  std::string errors();
  static std::string fact_of(const handler& h);
  std::string imports(bool has_checks) const;
  std::string integers(const std::string& body) const;

  const described_api& api_;
  const typescript_options options_;
  name_list name_list_;
  type_names names_;
  typescript_types types_;
  std::set<std::string> used_{"Client"}; ///< types of the package
};

/// Whether the text has the word, and not as a part of another.
bool has_word(const std::string& text, std::string_view word) {
  const auto is_part = [&](std::size_t i) {
    return i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_');
  };
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) {
    if (!is_part(at - 1) && !is_part(at + word.size())) return true;
  }
  return false;
}

std::string typescript_module::imports(bool has_checks) const {
  std::string list;
  for (const std::string& name : used_) list += typed("  type " + name + ",\n");
  return "import {\n" + list + "  SwillError,\n} from \"@swill/swill\";\n" +
         (has_checks ? "import * as is from \"@swill/swill/check\";\n" : "");
}

std::string typescript_module::integers(const std::string& body) const {
  if (!options_.has_types || !has_word(body, "Int64")) return {};
  return options_.bigint ? "\n/** An integer of 64 bits: a bigint where it is beyond 2⁵³−1, to either side of 0. */\n"
                           "export type Int64 = number | bigint;\n"
                         : "\n/** An integer of 64 bits. It comes as a bigint where it is beyond 2⁵³−1, to either side "
                           "of 0: `swill gen ts "
                           "--bigint` says so. */\nexport type Int64 = number;\n";
}

std::vector<std::string> typescript_module::words(const handler& h) {
  std::vector<std::string> lines{h.documentation};
  if (h.idempotent) lines.emplace_back("Idempotent: it may be sent again when a connection is lost.");
  if (h.endless) lines.emplace_back("Goes on until it is cancelled.");
  std::string deadline;
  if (h.default_deadline_ms != 0)
    deadline = std::to_string(h.default_deadline_ms) + " ms unless `timeoutMs` says otherwise";
  if (h.maximum_deadline_ms != 0)
    deadline += (deadline.empty() ? "" : ", ") + std::to_string(h.maximum_deadline_ms) + " ms at most";
  if (!deadline.empty()) lines.push_back("Deadline: " + deadline + ".");
  std::string codes;
  for (const std::int64_t code : h.errors) codes += (codes.empty() ? "" : ", ") + std::to_string(code);
  if (!codes.empty()) lines.push_back("Errors: " + codes + ".");
  return lines;
}

std::string typescript_module::function(const handler& h, const std::string& key, const std::string& indent) {
  const schema::node& request = h.request.root();
  const std::string item = types_.expression(request, direction::request);
  const std::string response = types_.expression(h.response.root(), direction::response);
  std::string parameters, argument = "null";
  if (h.request.streams) {
    parameters = "source" + typed(": Source<" + item + ">") + ", ";
    argument = "source";
  } else if (request.kind != schema_kind::nil) {
    parameters = "data" + typed((may_be_nil(request) ? "?: " : ": ") + item) + ", ";
    argument = "data";
  }
  const bool is_call = !h.request.streams && !h.response.streams;
  const std::string options = h.response.streams ? "StreamOptions" : is_call ? "CallOptions" : "RequestOptions";
  used_.insert(options);
  if (h.request.streams) used_.insert("Source");
  if (h.response.streams) used_.insert("Stream");
  const std::string verb =
      h.request.streams ? (h.response.streams ? "duplex" : "upload") : (h.response.streams ? "stream" : "call");
  const std::string given = is_call && h.idempotent ? "{ idempotent: true, ...options }" : "options";
  return typescript_comment(words(h), indent) + indent + typescript_key(key) + "(" + parameters + "options" +
         typed("?: " + options) + ")" + typed((h.response.streams ? ": Stream<" : ": Promise<") + response + ">") +
         " {\n" + indent + "  return client." + verb + "(" + typescript_string(h.name) + ", " + argument + ", " +
         given + ");\n" + indent + "},\n";
}

void typescript_module::add_group(std::string& out, const group& g, const std::string& indent) {
  for (const auto& [key, h] : g.handlers) {
    std::string own = key;
    while (g.groups.contains(own) || (own != key && g.handlers.contains(own))) own += "_";
    out += function(*h, own, indent);
  }
  for (const auto& [key, inner] : g.groups) {
    out += indent + typescript_key(key) + ": {\n";
    add_group(out, inner, indent + "  ");
    out += indent + "},\n";
  }
}

std::string typescript_module::functions() {
  std::string out = "\n/** The handlers of the server that `client` is connected to, by the parts of their names. */\n"
                    "export function api(" +
                    std::string{api_.empty() ? "_client" : "client"} + typed(": Client") + ") {\n  return {\n";
  add_group(out, grouped(api_), "    ");
  return out + "  };\n}\n" + typed("\nexport type Api = ReturnType<typeof api>;\n");
}

std::string typescript_module::messages() const {
  std::string out = "\n/** What streams, and the messages of each handler or the items of its streams: for what takes "
                    "a handler by its "
                    "name. */\n"
                    "export interface Messages {\n";
  for (const handler& h : api_) {
    std::string request = types_.expression(h.request.root(), direction::request);
    if (!h.request.streams && h.request.root().kind == schema_kind::structure && may_be_nil(h.request.root()))
      request += " | null"; // it may be left out
    out += "  " + typescript_key(h.name) + ": { shape: " + typescript_string(h.shape()) + "; request: " + request +
           "; response: " + types_.expression(h.response.root(), direction::response) + " };\n";
  }
  return out + "}\n";
}

std::vector<std::int64_t> codes_of(const handler& h) {
  std::vector<std::int64_t> codes = h.errors;
  constexpr std::int64_t invalid = 422;
  if (may_be_refused(h.request.root()) && std::find(codes.begin(), codes.end(), invalid) == codes.end())
    codes.insert(std::lower_bound(codes.begin(), codes.end(), invalid), invalid);
  return codes;
}

std::string typescript_module::fact_of(const handler& h) {
  std::string out = "{ shape: " + typescript_string(h.shape());
  if (h.idempotent) out += ", idempotent: true";
  if (h.endless) out += ", endless: true";
  if (h.default_deadline_ms != 0) out += ", deadlineMs: " + std::to_string(h.default_deadline_ms);
  if (h.maximum_deadline_ms != 0) out += ", longestMs: " + std::to_string(h.maximum_deadline_ms);
  std::string codes;
  for (const std::int64_t code : codes_of(h)) codes += (codes.empty() ? "" : ", ") + std::to_string(code);
  out += ", errors: [" + codes + "]";
  std::string tags;
  for (const std::string& tag : h.tags) tags += (tags.empty() ? "" : ", ") + typescript_string(tag);
  if (!tags.empty()) out += ", tags: [" + tags + "]";
  return out + " }";
}

std::string typescript_module::facts() {
  std::string out = "\n/** What is known of each handler beside its types: what streams, hints for retries and "
                    "time-outs, the errors it answers with. */\n"
                    "export const handlers = {\n";
  for (const handler& h : api_) out += "  " + typescript_key(h.name) + ": " + fact_of(h) + ",\n";
  return out + "}" + typed(" as const") + ";\n" + errors();
}

std::string typescript_module::errors() {
  std::string out = "\ntype Failure<Code extends number, Data = unknown> = SwillError & { readonly code: Code; "
                    "readonly data: Data };\n"
                    "\n/** The errors of each handler, told apart by `code`. Others, such as 503, may come from any "
                    "(docs/protocol.md §4). */\n"
                    "export interface Errors {\n";
  for (const handler& h : api_) {
    std::string all;
    for (const std::int64_t code : codes_of(h)) {
      std::string type = std::to_string(code);
      if (const schema::node* data = h.error_type(code)) {
        type += ", " + types_.expression(*data, direction::response);
      } else if (code == 422) {
        used_.insert("Fields");
        type += ", Fields";
      }
      all += (all.empty() ? "" : " | ") + ("Failure<" + type + ">");
    }
    out += "  " + typescript_key(h.name) + ": " + (all.empty() ? "never" : all) + ";\n";
  }
  out = typed(out + "}\n");
  if (api_.empty()) return out; // nothing that could be asked about
  return out +
         "\n/** Whether a call of that handler has failed with one of its errors: `code` then says which, and "
         "with it what `data` is. */\n"
         "export function isErrorOf" +
         (options_.has_types ? "<Name extends keyof Errors>(handler: Name, problem: unknown): problem is Errors[Name]"
                             : "(handler, problem)") +
         " {\n  const codes" + typed(": readonly number[]") +
         " = handlers[handler].errors;\n"
         "  return problem instanceof SwillError && codes.includes(problem.code);\n}\n";
}

} // namespace

std::string make_typescript(const described_api& api, const typescript_options& o) {
  return typescript_module{api, o}.text();
}

} // namespace swill::cli
