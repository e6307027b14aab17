#include "apps/cli/json.hpp"

#include "apps/cli/exit_codes.hpp"
#include "libswill/base/encoding.hpp"
#include "libswill/base/error.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/utf8.hpp"
#include "libswill/wire/reader.hpp"
#include "libswill/wire/writer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <optional>

namespace swill::cli {

using json = nlohmann::ordered_json;

namespace {

constexpr const char* bin_key = "$bin";
constexpr const char* ext_key = "$ext";
constexpr const char* map_key = "$map";
constexpr std::int8_t timestamp_type = -1;

/// RFC 3339 in UTC, with as many digits of the second as there are; empty for years beyond four digits.
std::string timestamp_text(std::int64_t seconds, std::uint32_t nanoseconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr || parts.tm_year < 1000 - 1900 || parts.tm_year > 9999 - 1900) return {};
  std::array<char, 40> text{};
  std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out{text.data(), n};
  if (nanoseconds != 0) {
    n = static_cast<std::size_t>(std::snprintf(text.data(), text.size(), ".%09u", static_cast<unsigned>(nanoseconds)));
    while (text.at(n - 1) == '0') --n;
    out.append(text.data(), n);
  }
  return out + "Z";
}

json real_json(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "Infinity" : "-Infinity";
  return d;
}

struct to_json_visitor {
  json operator()(std::monostate) const { return nullptr; }
  json operator()(bool b) const { return b; }
  json operator()(std::int64_t i) const { return i; }
  json operator()(std::uint64_t u) const { return u; }
  // By its shortest text: 0.1f is 0.1, not what it is as a double.
  json operator()(float f) const {
    if (!std::isfinite(f)) return real_json(static_cast<double>(f));
    std::array<char, 32> text{};
    double shortest = 0;
    std::from_chars(text.data(), std::to_chars(text.data(), text.data() + text.size(), f).ptr, shortest);
    return shortest;
  }
  json operator()(double d) const { return real_json(d); }
  json operator()(const std::string& s) const { return s; }
  json operator()(const bytes& b) const { return json{{bin_key, to_base64(b)}}; }
  json operator()(const extension& e) const {
    if (e.type == timestamp_type) {
      if (auto text = text_of(e); !text.empty()) return text;
    }
    return json{{ext_key, json::array({e.type, to_base64(e.data)})}};
  }
  json operator()(const value_array& items) const {
    json out = json::array();
    for (const value& item : items) out.push_back(to_json(item));
    return out;
  }
  json operator()(const value_map& entries) const {
    // At the end, unseen: looking for a key is linear here, and duplicates are the sender's business.
    json out = json::object();
    auto& members = out.get_ref<json::object_t&>();
    members.reserve(entries.size());
    for (const auto& [key, item] : entries) {
      const auto* text = key.get_if<std::string>();
      members.json::object_t::Container::emplace_back(text != nullptr ? *text : dump(to_json(key)), to_json(item));
    }
    return out;
  }

private:
  static std::string text_of(const extension& e) {
    buffer encoded;
    wire::writer{encoded}.ext(e.type, e.data);
    wire::reader in{encoded.view()};
    std::int64_t seconds = 0;
    std::uint32_t nanoseconds = 0;
    return in.read_timestamp(seconds, nanoseconds) ? timestamp_text(seconds, nanoseconds) : std::string{};
  }
};

bytes bytes_of(const json& text, const char* key) {
  auto data = text.is_string() ? from_base64(text.get_ref<const std::string&>()) : std::nullopt;
  if (!data) throw usage_error(std::string{key} + " wants a text in base64");
  return std::move(*data);
}

value extension_of(const json& j) {
  constexpr int lowest = -128;
  constexpr int highest = 127;
  if (!j.is_array() || j.size() != 2 || !j[0].is_number_integer() || j[0] < lowest || j[0] > highest) {
    throw usage_error("$ext wants [TYPE, BASE64] with a type from -128 to 127");
  }
  return extension{j[0].get<std::int8_t>(), bytes_of(j[1], ext_key)};
}

value map_of(const json& j) {
  if (!j.is_array()) throw usage_error("$map wants [[KEY, VALUE], …]");
  value_map entries;
  for (const json& pair : j) {
    if (!pair.is_array() || pair.size() != 2) throw usage_error("$map wants [[KEY, VALUE], …]");
    entries.emplace_back(from_json(pair[0]), from_json(pair[1]));
  }
  return entries;
}

value object_of(const json& j) {
  if (j.size() == 1 && j.contains(bin_key)) return bytes_of(j[bin_key], bin_key);
  if (j.size() == 1 && j.contains(ext_key)) return extension_of(j[ext_key]);
  if (j.size() == 1 && j.contains(map_key)) return map_of(j[map_key]);
  value_map entries;
  for (const auto& [key, item] : j.items()) entries.emplace_back(key, from_json(item));
  return entries;
}

} // namespace

json to_json(const value& v) { return std::visit(to_json_visitor{}, v.variant()); }

value from_json(const json& j) {
  switch (j.type()) {
    case json::value_t::boolean: return j.get<bool>();
    case json::value_t::number_integer: return j.get<std::int64_t>();
    case json::value_t::number_unsigned: return j.get<std::uint64_t>();
    case json::value_t::number_float: return j.get<double>();
    case json::value_t::string: return j.get<std::string>();
    case json::value_t::array: {
      value_array items;
      for (const json& item : j) items.push_back(from_json(item));
      return items;
    }
    case json::value_t::object: return object_of(j);
    default: return nullptr;
  }
}

namespace {

constexpr std::size_t most_nested = 500; // servers take 256 at most, and what follows is recursive

/// How deep arrays and objects are nested in a text, JSON or not.
std::size_t nesting_of(std::string_view text) noexcept {
  std::size_t deepest = 0;
  std::size_t now = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++now);
    } else if ((c == ']' || c == '}') && now != 0) {
      --now;
    }
  }
  return deepest;
}

} // namespace

value parse_json(std::string_view text) {
  constexpr std::size_t longest_reason = 300; // it quotes what stands there, however long that is
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) // where the parser takes it for the end
    throw usage_error("not JSON at byte " + std::to_string(nul + 1) + ": there is a NUL");
  if (nesting_of(text) > most_nested)
    throw usage_error("JSON that is nested more than " + std::to_string(most_nested) + " deep: no server takes that");
  try {
    return from_json(json::parse(text));
  } catch (const json::parse_error& e) {
    const bool is_word = !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0;
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …": that line is one of this text, not of stdin.
    const std::string all = e.what();
    const auto at = all.find(": ");
    throw usage_error(
        "not JSON at byte " + std::to_string(e.byte) + ": " +
        std::string{cut_text(at != std::string::npos ? std::string_view{all}.substr(at + 2) : all, longest_reason)} +
        (is_word ? "; a text has quotes, and the shell wants its own around them: '\"Ada\"'" : ""));
  } catch (const json::exception& e) {
    throw usage_error("not JSON: " + std::string{e.what()});
  }
}

value parse_loosely(std::string_view text) {
  if (text.find('\0') != std::string_view::npos || nesting_of(text) > most_nested) return value{text};
  const json j = json::parse(text, nullptr, false);
  return j.is_discarded() ? value{text} : from_json(j);
}

std::string dump(const json& j, bool for_a_person) {
  const std::string text = j.dump(for_a_person ? 2 : -1, ' ', false, json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::max<std::size_t>(1, utf8_length(text.data() + at, text.size() - at));
    const char32_t c = utf8_character(text.data() + at, length);
    if (c < 0x7f || !is_control_character(c)) { // those below 0x20 are escaped already, within texts
      out.append(text, at, length);
    } else {
      std::array<char, 16> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned>(c));
      out += code.data();
    }
    at += length;
  }
  return out;
}

} // namespace swill::cli
