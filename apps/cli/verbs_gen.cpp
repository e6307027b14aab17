#include "apps/cli/connect.hpp"
#include "apps/cli/exit_codes.hpp"
#include "apps/cli/gen.hpp"
#include "apps/cli/json.hpp"
#include "apps/cli/text_diff.hpp"
#include "apps/cli/verbs.hpp"
#include "apps/common/standard_output.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace swill::cli {

namespace {

std::string reason() { return std::strerror(errno); }

/// The whole file, of any size; nothing when there is none.
std::optional<std::string> read_file(const std::string& path) {
  if (std::filesystem::is_directory(path)) throw usage_error(path + " cannot be read: it is a directory");
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  if (!in && errno == ENOENT) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in) throw usage_error(path + " cannot be read: " + reason());
  return text;
}

void write_file(const std::string& path, const std::string& text) {
  if (read_file(path) == text) return; // programs that go by its time need not run again
  errno = 0;
  std::ofstream to{path, std::ios::binary | std::ios::trunc};
  to << text << std::flush;
  if (!to) throw apps::output_error(path + " cannot be written: " + reason());
}

std::string made_of(const described_api& api, const gen_options& o) {
  if (o.what == "json-schema") return make_json_schema(api);
  if (o.what == "md") return make_markdown(api);
  return make_typescript(api, {o.bigint});
}

void check_file(const gen_options& o, const std::string& text, output& out) {
  const std::string present = read_file(o.to).value_or("");
  if (present == text) return;
  out.text(text_diff(present, text, o.to));
  out.flush();
  throw usage_error(o.to + " is out of date: `swill gen " + o.what + "` without --check makes it anew");
}

} // namespace

task<described_api> api_at(const options& o, output& out, const std::string& place) {
  if (place.find("://") == std::string::npos && !place.starts_with("unix:")) {
    const auto text = read_file(place);
    if (!text)
      throw usage_error("there is no file " + place +
                        "; a server is ws://HOST:PORT/PATH, wss://HOST:PORT/PATH or unix:PATH");
    try {
      co_return read_api(parse_json(*text));
    } catch (const usage_error& e) {
      throw usage_error(place + ": " + e.what());
    }
  }
  described_api api;
  co_await with_server(o, out, place, [&api](session s) -> task<void> { api = read_api(co_await introspection(s)); });
  co_return api;
}

task<void> generate(const options& o, output& out) {
  const std::string text = made_of(co_await api_at(o, out, o.gen.from.empty() ? o.url : o.gen.from), o.gen);
  if (o.gen.check) {
    check_file(o.gen, text, out);
  } else if (o.gen.to.empty()) {
    out.text(text);
    out.flush();
  } else {
    write_file(o.gen.to, text);
  }
}

} // namespace swill::cli
