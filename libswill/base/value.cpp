#include "libswill/base/value.hpp"

#include "libswill/base/error.hpp"

#include <charconv>

namespace swill {

namespace {

constexpr std::size_t deepest_text = 64;

bool is_key(const value& v, std::string_view key) noexcept {
  const auto* s = v.get_if<std::string>();
  return s != nullptr && *s == key;
}

/// Serves constant maps and others.
template <class Map>
auto find_last(Map& entries, std::string_view key) noexcept -> decltype(&entries.front().second) {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (is_key(entry->first, key)) return &entry->second;
  }
  return nullptr;
}

/// Renders until the text is longer than the limit; what is too much is cut off at the end.
class text_writer {
public:
  explicit text_writer(std::size_t limit) : limit_(limit) {}

  void write(const value& v) {
    if (full()) return;
    if (depth_ == deepest_text) return put("…");
    ++depth_;
    std::visit([this](const auto& content) { render(content); }, v.variant());
    --depth_;
  }

  std::string finish() && {
    if (!full()) return std::move(text_);
    constexpr std::string_view ellipsis = "…";
    if (limit_ < ellipsis.size()) return {};
    text_.resize(cut_text(text_, limit_ - ellipsis.size()).size());
    return std::move(text_.append(ellipsis));
  }

private:
  bool full() const { return text_.size() > limit_; }
  void put(std::string_view s) { text_ += s; }

  void render(std::monostate) { put("null"); }
  void render(bool b) { put(b ? "true" : "false"); }
  void render(std::int64_t i) { number(i); }
  void render(std::uint64_t u) { number(u); }
  void render(float f) { real(f); }
  void render(double d) { real(d); }
  void render(const std::string& s) { quoted(s); }
  void render(const bytes& b) { hex(b); }
  void render(const extension& e) {
    put("ext(");
    number(static_cast<int>(e.type));
    put(", ");
    hex(e.data);
    put(")");
  }
  void render(const value_array& items) {
    put("[");
    for (std::size_t i = 0; i < items.size() && !full(); ++i) {
      if (i != 0) put(", ");
      write(items[i]);
    }
    put("]");
  }
  void render(const value_map& entries) {
    put("{");
    for (std::size_t i = 0; i < entries.size() && !full(); ++i) {
      if (i != 0) put(", ");
      write(entries[i].first);
      put(": ");
      write(entries[i].second);
    }
    put("}");
  }

  template <class N>
  std::string_view number(N n) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
    const std::size_t begin = text_.size();
    text_.append(digits, end);
    return std::string_view{text_}.substr(begin);
  }

  /// As short as reads back the same, and never as an integer.
  template <class F>
  void real(F f) {
    if (number(f).find_first_of(".en") == std::string_view::npos) put(".0");
  }

  void quoted(std::string_view s) {
    put("\"");
    for (const char c : s) {
      if (full()) return;
      character(c);
    }
    put("\"");
  }

  void character(char c) {
    switch (c) {
      case '"': return put("\\\"");
      case '\\': return put("\\\\");
      case '\n': return put("\\n");
      case '\r': return put("\\r");
      case '\t': return put("\\t");
      default: break;
    }
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x20 && u != 0x7f) {
      text_ += c;
    } else {
      put("\\u00");
      octet(u);
    }
  }

  void hex(bytes_view b) {
    put("h'");
    for (const std::byte octet_value : b) {
      if (full()) return;
      octet(std::to_integer<unsigned>(octet_value));
    }
    put("'");
  }

  void octet(unsigned u) {
    constexpr std::string_view digits = "0123456789abcdef";
    text_ += digits[u >> 4];
    text_ += digits[u & 15];
  }

  std::string text_;
  std::size_t limit_;
  std::size_t depth_ = 0;
};

} // namespace

// Here, and not in each source that uses values: every copy of these functions takes the compiler long.
value::value() noexcept = default;
value::value(const value&) = default;
value::value(value&&) noexcept = default;
value& value::operator=(const value&) = default;
value& value::operator=(value&&) noexcept = default;
value::~value() = default;

value::value(std::nullptr_t) noexcept {}
value::value(bool b) noexcept : v_(b) {}
value::value(integer<std::int64_t> i) noexcept : v_(i.i) {}
value::value(integer<std::uint64_t> u) noexcept : v_(u.i) {
  if (u.i <= static_cast<std::uint64_t>(INT64_MAX)) v_ = static_cast<std::int64_t>(u.i);
}
value::value(float f) noexcept : v_(f) {}
value::value(double d) noexcept : v_(d) {}
value::value(const char* s) : v_(std::string{s}) {}
value::value(std::string_view s) : v_(std::string{s}) {}
value::value(std::string s) noexcept : v_(std::move(s)) {}
value::value(bytes b) noexcept : v_(std::move(b)) {}
value::value(value_array a) noexcept : v_(std::move(a)) {}
value::value(value_map m) noexcept : v_(std::move(m)) {}
value::value(extension e) noexcept : v_(std::move(e)) {}

value value::map(std::initializer_list<std::pair<value, value>> entries) { return value{value_map{entries}}; }
value value::array(std::initializer_list<value> items) { return value{value_array{items}}; }

const value* value::find(std::string_view key) const noexcept {
  const auto* entries = get_if<value_map>();
  return entries == nullptr ? nullptr : find_last(*entries, key);
}

void value::set(std::string_view key, value v) {
  auto* entries = get_if<value_map>();
  if (entries == nullptr) entries = &v_.emplace<value_map>();
  if (value* there = find_last(*entries, key)) {
    *there = std::move(v);
  } else {
    entries->emplace_back(key, std::move(v));
  }
}

bool value::operator==(const value& other) const { return v_ == other.v_; }

std::string to_text(const value& v, std::size_t limit) {
  text_writer w{limit};
  w.write(v);
  return std::move(w).finish();
}

} // namespace swill
