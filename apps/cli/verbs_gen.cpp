#include "apps/cli/connect.hpp"
#include "apps/cli/exit_codes.hpp"
#include "apps/cli/gen.hpp"
#include "apps/cli/json.hpp"
#include "apps/cli/text_diff.hpp"
#include "apps/cli/verbs.hpp"
#include "libswill/base/whole_file.hpp"
#include "libswill/programs/options/standard_output.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

namespace swill::cli {

namespace {

std::string reason() { return std::strerror(errno); }

constexpr std::size_t largest_file = std::size_t{64} << 20;

/// The whole file, or what a pipe says; nothing when there is none.
std::optional<std::string> read_file(const std::string& path) {
  auto text = read_whole_file(path, largest_file, pipes::read);
  if (text) return std::move(*text);
  if (text.error().is(error_code::not_found)) return std::nullopt;
  throw usage_error(path + " " + text.error().message);
}

void write_to(const std::string& file, const std::string& text, const std::string& path) {
  errno = 0;
  std::ofstream to{file, std::ios::binary | std::ios::trunc};
  to << text << std::flush;
  if (!to) throw programs::output_error(path + " cannot be written: " + reason());
}

/// A file is replaced as a whole, or stays as it is; what is none, such as a pipe or a terminal, is written to.
void write_file(const std::string& path, const std::string& text) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored).type();
  if (kind == std::filesystem::file_type::directory) throw usage_error(path + " cannot be written: it is a directory");
  if (kind != std::filesystem::file_type::regular && kind != std::filesystem::file_type::not_found)
    return write_to(path, text, path);
  if (read_file(path) == text) return; // programs that go by its time need not run again
  // A link stays one.
  const auto target = std::filesystem::weakly_canonical(path, ignored).string();
  const std::string fresh = (target.empty() ? path : target) + ".new";
  try {
    write_to(fresh, text, path);
  } catch (...) {
    std::filesystem::remove(fresh, ignored);
    throw;
  }
  std::error_code failed;
  std::filesystem::rename(fresh, target.empty() ? path : target, failed);
  if (failed) throw programs::output_error(path + " cannot be written: " + failed.message());
}

std::string made_of(const described_api& api, const gen_options& o) {
  if (o.what == "json-schema") return make_json_schema(api);
  if (o.what == "md") return make_markdown(api);
  return make_typescript(api, {.bigint = o.bigint, .has_types = o.what != "js"});
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
      described_api api = read_api(parse_json(*text));
      check_types(api);
      co_return api;
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
