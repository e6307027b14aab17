#include "libswill/base/host_and_port.hpp"

#include "libswill/base/text.hpp"

#include <algorithm>
#include <charconv>

namespace swill {

std::optional<host_and_port_parts> split_host_and_port(std::string_view text) noexcept {
  host_and_port_parts out;
  std::size_t end = 0; // of the host
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    out.in_brackets = true;
    ++end;
  } else {
    end = std::min(text.rfind(':'), text.size());
    out.host = text.substr(0, end);
  }
  if (end == text.size()) return out;
  if (text[end] != ':') return std::nullopt;
  out.port = text.substr(end + 1);
  return out;
}

std::optional<std::uint16_t> port_number(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool may_be_host(std::string_view text) noexcept {
  static constexpr word_characters may{"-._:%"};
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return may.has(c); });
}

std::string host_and_port(const std::string& host, const std::string& port) {
  return (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + port;
}

} // namespace swill
