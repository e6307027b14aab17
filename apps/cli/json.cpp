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
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

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
    json out = json::object();
    for (const auto& [key, item] : entries) {
      const auto* text = key.get_if<std::string>();
      append(out, text != nullptr ? *text : dump(to_json(key)), to_json(item)); // duplicates are the sender's business
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

bytes bytes_of(const value& text, const char* key) {
  const auto* base64 = text.get_if<std::string>();
  auto data = base64 != nullptr ? from_base64(*base64) : std::nullopt;
  if (!data) throw usage_error(std::string{key} + " wants a text in base64");
  return std::move(*data);
}

value extension_of(const value& v) {
  const auto* pair = v.get_if<value_array>();
  const auto* type = pair != nullptr && pair->size() == 2 ? pair->front().get_if<std::int64_t>() : nullptr;
  if (type == nullptr || *type < std::numeric_limits<std::int8_t>::min() ||
      *type > std::numeric_limits<std::int8_t>::max())
    throw usage_error("$ext wants [TYPE, BASE64] with a type from -128 to 127");
  return extension{static_cast<std::int8_t>(*type), bytes_of(pair->back(), ext_key)};
}

value map_of(value& v) {
  auto* pairs = v.get_if<value_array>();
  if (pairs == nullptr) throw usage_error("$map wants [[KEY, VALUE], …]");
  value_map entries;
  for (value& each : *pairs) {
    auto* pair = each.get_if<value_array>();
    if (pair == nullptr || pair->size() != 2) throw usage_error("$map wants [[KEY, VALUE], …]");
    entries.emplace_back(std::move(pair->front()), std::move(pair->back()));
  }
  return entries;
}

/// Of a key that stands in an object more than once, the last counts, at the place of the first.
void drop_duplicates(value_map& entries) {
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<bool> is_dropped(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto [known, is_new] = places.emplace(*entries[i].first.get_if<std::string>(), i);
    if (is_new) continue;
    entries[known->second].second = std::move(entries[i].second);
    is_dropped[i] = true;
  }
  if (places.size() == entries.size()) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_dropped[i]) continue;
    if (i != kept) entries[kept] = std::move(entries[i]);
    ++kept;
  }
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(kept), entries.end());
}

value object_of(value_map entries) {
  if (entries.size() == 1) {
    const auto& [key, item] = entries.front();
    if (key == value{bin_key}) return bytes_of(item, bin_key);
    if (key == value{ext_key}) return extension_of(item);
    if (key == value{map_key}) return map_of(entries.front().second);
  }
  drop_duplicates(entries);
  return entries;
}

/// Makes a value of what the parser finds. In time that is proportional to the text, which ordered_json is not: it looks for each key among those before it.
class value_maker final : public json::json_sax_t {
public:
  value take() { return std::move(whole_); }

  bool null() override { return add({}); }
  bool boolean(bool b) override { return add(b); }
  bool number_integer(std::int64_t i) override { return add(i); }
  bool number_unsigned(std::uint64_t u) override { return add(u); }
  bool number_float(double d, const std::string&) override { return add(d); }
  bool string(std::string& text) override { return add(std::move(text)); }
  bool binary(binary_t&) override { return false; } // JSON has none
  bool start_object(std::size_t) override { return open(value_map{}); }
  bool key(std::string& name) override {
    open_.back().get_if<value_map>()->emplace_back(std::move(name), value{});
    return true;
  }
  bool end_object() override {
    value v = object_of(std::move(*open_.back().get_if<value_map>()));
    open_.pop_back();
    return add(std::move(v));
  }
  bool start_array(std::size_t) override { return open(value_array{}); }
  bool end_array() override {
    value v = std::move(open_.back());
    open_.pop_back();
    return add(std::move(v));
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    if (const auto* at = dynamic_cast<const json::parse_error*>(&e)) throw json::parse_error{*at};
    throw usage_error("not JSON: " + std::string{e.what()});
  }

private:
  bool open(value v) {
    open_.push_back(std::move(v));
    return true;
  }
  bool add(value v) {
    if (open_.empty()) {
      whole_ = std::move(v);
    } else if (auto* items = open_.back().get_if<value_array>()) {
      items->push_back(std::move(v));
    } else {
      open_.back().get_if<value_map>()->back().second = std::move(v);
    }
    return true;
  }

  std::vector<value> open_; ///< arrays and objects that are not complete
  value whole_;
};

} // namespace

void append(json& object, std::string key, json item) {
  object.get_ref<json::object_t&>().json::object_t::Container::emplace_back(std::move(key), std::move(item));
}

json to_json(const value& v) { return std::visit(to_json_visitor{}, v.variant()); }

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
    value_maker made;
    json::sax_parse(text, &made);
    return made.take();
  } catch (const json::parse_error& e) {
    const bool is_word = !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0;
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …": that line is one of this text, not of stdin.
    const std::string all = e.what();
    const auto at = all.find(": ");
    throw usage_error(
        "not JSON at byte " + std::to_string(e.byte) + ": " +
        std::string{cut_text(at != std::string::npos ? std::string_view{all}.substr(at + 2) : all, longest_reason)} +
        (is_word ? "; a text has quotes, and the shell wants its own around them: '\"Ada\"'" : ""));
  }
}

value parse_loosely(std::string_view text) {
  const bool is_json =
      text.find('\0') == std::string_view::npos && nesting_of(text) <= most_nested && json::accept(text);
  return is_json ? parse_json(text) : value{text};
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
