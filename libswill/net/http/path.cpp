#include "libswill/net/http/path.hpp"

#include "libswill/base/encoding.hpp"
#include "libswill/base/header_fields.hpp"
#include "libswill/base/text.hpp"
#include "libswill/base/utf8.hpp"

namespace swill::net::http {

namespace {

/// Adds the bytes of a path to `out`; false where one of them has no place in a path.
bool decode(std::string_view raw, std::string& out) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      const int high = i + 2 < raw.size() ? hex_digit(raw[i + 1]) : -1;
      const int low = i + 2 < raw.size() ? hex_digit(raw[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      if (c == '/') return false;
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\') return false;
    out += c;
  }
  return true;
}

/// No segment is "." or "..", and only the last may be empty.
bool has_plain_segments(std::string_view path) {
  bool plain = true;
  path.remove_prefix(1);
  const std::size_t last = path.rfind('/') + 1; // npos + 1: all of it
  header_fields::split(path.substr(0, last), '/',
                       [&](std::string_view s) { plain = plain && !s.empty() && s != "." && s != ".."; });
  const std::string_view end = path.substr(last);
  return plain && end != "." && end != "..";
}

} // namespace

std::optional<std::string> decoded_path(std::string_view target) {
  std::string path;
  if (!target.starts_with('/') || !decode(target.substr(0, target.find('?')), path)) return std::nullopt;
  if (!has_plain_segments(path) || !valid_utf8(path)) return std::nullopt;
  return path;
}

std::string encoded_path(std::string_view path) {
  static constexpr word_characters plain{"/-._~!$&'()*+,;=:@"};
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (plain.has(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

std::string_view query_of(std::string_view target) noexcept {
  const auto at = target.find('?');
  return at == std::string_view::npos ? std::string_view{} : target.substr(at + 1);
}

} // namespace swill::net::http
