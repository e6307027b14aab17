#include "apps/cli/javascript_pattern.hpp"

#include "libswill/base/printable.hpp"

#include <array>
#include <cctype>
#include <cstdio>
#include <utility>

namespace swill::cli {

namespace {

/// Reads RE2's syntax and writes JavaScript's, with the flag u, which refuses what it does not know. Both count code points.
class pattern_translator {
public:
  explicit pattern_translator(std::string_view re2) : rest_(re2) {}

  std::optional<std::string> literal() {
    if (take("(?i)")) flags_ = "iu";
    if (take("(?s)")) dot_ = "[^]";
    while (!rest_.empty() && is_known_) piece();
    // A separator of lines would end the literal, and what a terminal obeys is not shown.
    if (!is_known_ || depth_ != 0 || printable(out_) != out_) return std::nullopt;
    return "/" + (out_.empty() ? "(?:)" : out_) + "/" + flags_;
  }

private:
  enum class last : char { nothing, atom, assertion };

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  char take_one() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  void give_up() { is_known_ = false; }
  void add(std::string_view text, last kind) {
    out_ += text;
    last_ = kind;
  }

  void piece() {
    const char c = take_one();
    switch (c) {
      case '\\': return escape();
      case '[': return character_class();
      case '(': return open_group();
      case ')': return --depth_, add(")", last::atom);
      case '^':
      case '$': return add({&c, 1}, last::assertion);
      case '.': return add(dot_, last::atom);
      case '|': return add("|", last::nothing);
      case '*':
      case '+':
      case '?': return quantifier({&c, 1});
      case '{': return counted();
      default: add(literal_character(c), last::atom);
    }
  }

  /// As it stands outside of brackets.
  static std::string literal_character(char c) {
    if (std::string_view{"^$\\.*+?()[]{}|/"}.find(c) != std::string_view::npos) return {'\\', c};
    return within_literal(c);
  }
  /// Control characters would end the literal, or be seen by nobody. Those beyond ASCII stay as they are.
  static std::string within_literal(char c) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x20 && u != 0x7f) return {c};
    std::array<char, 8> code{};
    std::snprintf(code.data(), code.size(), "\\x%02x", u);
    return code.data();
  }

  void quantifier(std::string text) {
    if (last_ != last::atom) return give_up(); // JavaScript repeats no assertion
    if (take("?")) text += "?";
    if (rest_.starts_with('*') || rest_.starts_with('+')) return give_up();
    add(text, last::nothing);
  }

  /// {3}, {3,}, {3,5}; anything else after a { is text.
  void counted() {
    std::size_t i = 0;
    const auto digits = [&] {
      const std::size_t from = i;
      while (i < rest_.size() && std::isdigit(static_cast<unsigned char>(rest_[i])) != 0) ++i;
      return i != from;
    };
    bool is_count = digits();
    if (is_count && i < rest_.size() && rest_[i] == ',') ++i, digits();
    is_count = is_count && i < rest_.size() && rest_[i] == '}';
    if (!is_count) return add("\\{", last::atom);
    const std::string text = "{" + std::string{rest_.substr(0, i + 1)};
    rest_.remove_prefix(i + 1);
    quantifier(text);
  }

  void open_group() {
    ++depth_;
    if (take("?:")) return add("(?:", last::nothing);
    if (take("?P<") || take("?<")) return add("(?<", last::nothing), name();
    if (rest_.starts_with('?')) return give_up(); // flags
    add("(", last::nothing);
  }
  void name() {
    while (!rest_.empty() && rest_.front() != '>') {
      const char c = take_one();
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return give_up();
      out_ += c;
    }
    if (take(">"))
      add(">", last::nothing);
    else
      give_up();
  }

  void escape() {
    if (rest_.empty()) return give_up();
    if (take("A")) return add("^", last::assertion);
    if (take("z")) return add("$", last::assertion);
    if (rest_.front() == 'b' || rest_.front() == 'B') return add(std::string{'\\', take_one()}, last::assertion);
    if (take("s")) return add("[\\t\\n\\f\\r ]", last::atom);
    if (take("S")) return add("[^\\t\\n\\f\\r ]", last::atom);
    if (take("Q")) return quoted();
    add(escaped(false), last::atom);
  }

  void quoted() {
    while (!rest_.empty() && !take("\\E")) add(literal_character(take_one()), last::atom);
  }

  /// What follows a backslash, in brackets or not, as JavaScript has it.
  std::string escaped(bool in_class) {
    if (rest_.empty()) return give_up(), std::string{};
    const char c = take_one();
    const auto u = static_cast<unsigned char>(c);
    if (std::string_view{"dDwW"}.find(c) != std::string_view::npos) return {'\\', c};
    if (c == 's' && in_class) return "\\t\\n\\f\\r ";
    if (std::string_view{"tnrfv"}.find(c) != std::string_view::npos) return {'\\', c};
    if (c == 'a') return "\\x07";
    if (c == 'x') return hexadecimal();
    if (c == 'p' || c == 'P') return property(c);
    if (u >= 0x80 || std::isalnum(u) != 0) return give_up(), std::string{};
    if (c == '-') return in_class ? "\\-" : "-";
    return literal_character(c);
  }

  std::string hexadecimal() {
    const bool is_long = take("{");
    std::string digits;
    while (!rest_.empty() && std::isxdigit(static_cast<unsigned char>(rest_.front())) != 0 &&
           (is_long || digits.size() < 2))
      digits += take_one();
    if (digits.empty() || digits.size() > 6 || (is_long && !take("}")) || (!is_long && digits.size() != 2))
      return give_up(), std::string{};
    return "\\u{" + digits + "}";
  }

  /// \pL, \p{L}, \p{^L}, \p{Greek}
  std::string property(char kind) {
    std::string name;
    if (take("{")) {
      while (!rest_.empty() && rest_.front() != '}') name += take_one();
      if (!take("}")) return give_up(), std::string{};
    } else if (!rest_.empty()) {
      name = take_one();
    }
    const bool is_negated = (kind == 'P') != name.starts_with('^');
    if (name.starts_with('^')) name.erase(0, 1);
    for (const char c : name) {
      if (std::isalpha(static_cast<unsigned char>(c)) == 0 && c != '_') return give_up(), std::string{};
    }
    if (name.empty()) return give_up(), std::string{};
    const std::string script = name.size() > 2 && name != "Any" ? "Script=" : ""; // categories have one letter or two
    return (is_negated ? "\\P{" : "\\p{") + script + name + "}";
  }

  static std::string_view posix_class(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> classes{{
        {"alnum", "0-9A-Za-z"},
        {"alpha", "A-Za-z"},
        {"ascii", "\\x00-\\x7f"},
        {"blank", "\\t "},
        {"cntrl", "\\x00-\\x1f\\x7f"},
        {"digit", "0-9"},
        {"graph", "!-~"},
        {"lower", "a-z"},
        {"print", " -~"},
        {"upper", "A-Z"},
        {"word", "0-9A-Za-z_"},
        {"xdigit", "0-9A-Fa-f"},
    }};
    for (const auto& [known, range] : classes) {
      if (known == name) return range;
    }
    return {};
  }

  /// One member of a class: a character, or, with `is_set`, several.
  std::string member(bool& is_set) {
    is_set = false;
    if (take("[:")) {
      const std::size_t end = rest_.find(":]");
      const std::string_view range = posix_class(rest_.substr(0, end));
      if (end == std::string_view::npos || range.empty()) return give_up(), std::string{};
      rest_.remove_prefix(end + 2);
      is_set = true;
      return std::string{range};
    }
    const char c = take_one();
    if (c == '\\') {
      is_set = !rest_.empty() && std::string_view{"dDwWspP"}.find(rest_.front()) != std::string_view::npos;
      return escaped(true);
    }
    if (c == '[' || c == ']' || c == '^' || c == '-') return {'\\', c};
    std::string text = within_literal(c);
    while (!rest_.empty() && (static_cast<unsigned char>(rest_.front()) & 0xc0U) == 0x80U) text += take_one();
    return text;
  }

  void character_class() {
    add(take("^") ? "[^" : "[", last::nothing);
    for (bool is_first = true; is_known_; is_first = false) {
      if (rest_.empty()) return give_up();
      if (!is_first && take("]")) break;
      bool is_set = false;
      out_ += member(is_set);
      // A hyphen after a character, and before another, is a range; else it is itself.
      if (is_set || rest_.size() < 2 || rest_[0] != '-' || rest_[1] == ']') continue;
      rest_.remove_prefix(1);
      out_ += "-" + member(is_set);
      if (is_set) return give_up();
    }
    add("]", last::atom);
  }

  std::string_view rest_;
  std::string out_;
  std::string flags_ = "u";
  std::string dot_ = "[^\\n]"; // JavaScript's own stops at \r, too
  int depth_ = 0;
  last last_ = last::nothing;
  bool is_known_ = true;
};

} // namespace

std::optional<std::string> javascript_pattern(std::string_view re2) { return pattern_translator{re2}.literal(); }

} // namespace swill::cli
