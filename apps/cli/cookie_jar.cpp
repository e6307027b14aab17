#include "apps/cli/cookie_jar.hpp"

#include "libswill/base/header_fields.hpp"
#include "libswill/base/random.hpp"
#include "libswill/client/detail/endpoint.hpp"
#include "libswill/programs/options/small_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace swill::cli {

using header_fields::same_token;
using header_fields::trimmed;

namespace {

constexpr const char* option = "--cookie-jar";
constexpr std::string_view http_only = "#HttpOnly_";
constexpr std::string_view first_line = "# Netscape HTTP Cookie File";

/// Whether curl, wget and others would take the line for the first one of a jar.
bool begins_jar(std::string_view line) { return line == first_line || line == "# HTTP Cookie File"; }

[[noreturn]] void fail(const std::string& file) {
  throw std::system_error(errno, std::generic_category(), "cookie jar " + file);
}

/// "/a" is the path of "/a", "/a/" and "/a/b", not of "/ab" (RFC 6265 §5.1.4).
bool is_below(std::string_view path, std::string_view of) noexcept {
  return path.starts_with(of) && (path.size() == of.size() || of.ends_with('/') || path[of.size()] == '/');
}

void write_all(int fd, std::string_view text, const std::string& file) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(file);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

} // namespace

cookie_jar::cookie_jar(std::string path, std::string_view url) : file_(std::move(path)) {
  const auto to = client_detail::endpoint::parse(url, "/");
  host_ = to.is_unix() ? "localhost" : to.host;
  is_local_ = to.is_unix() || host_ == "localhost" || host_ == "::1" || host_.starts_with("127.");
  path_ = to.target.substr(0, to.target.find('?'));
  const auto content = programs::read_small_file(option, file_, pipes::refused);
  if (!content) return;
  // The file that a symbolic link leads to is replaced, not the link.
  std::error_code unresolved;
  const auto target = std::filesystem::canonical(file_, unresolved);
  if (unresolved) throw programs::file_error(std::string{option} + ": " + file_ + ": " + unresolved.message());
  file_ = target;
  if (content->empty()) return;
  if (!begins_jar(trimmed(std::string_view{*content}.substr(0, content->find_first_of("\r\n")))))
    throw programs::file_error(std::string{option} + ": " + file_ + " is no cookie jar: its first line is not '" +
                               std::string{first_line} + "'");
  std::istringstream in{*content};
  for (std::string line; std::getline(in, line);) {
    cookie c;
    if (read(line, c)) {
      cookies_.push_back(std::move(c));
    } else if (!line.empty()) {
      others_.push_back(line);
    }
  }
}

/// Host, whether its subdomains too, path, whether it is secure, its end, name and text, with tabs between them.
bool cookie_jar::read(std::string_view line, cookie& to) {
  const bool is_http_only = line.starts_with(http_only);
  if (is_http_only) line.remove_prefix(http_only.size());
  if (line.starts_with('#')) return false;
  std::array<std::string, 7> parts;
  std::size_t n = 0;
  for (; n < parts.size(); ++n) {
    const std::size_t end = n + 1 == parts.size() ? line.size() : line.find('\t');
    if (end == std::string_view::npos) return false;
    parts.at(n) = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  to = {parts[0], parts[1], parts[2], parts[3] == "TRUE", is_http_only, parts[4], parts[5], parts[6]};
  return true;
}

bool cookie_jar::is_wanted(const cookie& c) const {
  std::int64_t end = 0;
  std::from_chars(c.expires.data(), c.expires.data() + c.expires.size(), end);
  if (end != 0 && end <= std::time(nullptr)) return false;
  return same_token(c.host, host_) && is_below(path_, c.path) && (!c.secure || is_local_);
}

std::string cookie_jar::header() const {
  std::string out;
  for (const cookie& c : cookies_) {
    if (is_wanted(c)) out += (out.empty() ? "" : "; ") + c.name + "=" + c.text;
  }
  return out;
}

void cookie_jar::take(const header_list& response) {
  bool changed = false;
  for (const auto& [name, text] : response) {
    if (same_token(name, "Set-Cookie")) changed = take_one(text) || changed;
  }
  if (!changed) return;
  while (text().size() > programs::largest_small_file) {
    const auto oldest =
        std::find_if(cookies_.begin(), cookies_.end(), [&](const cookie& c) { return same_token(c.host, host_); });
    if (oldest == cookies_.end()) break;
    cookies_.erase(oldest);
  }
  write();
}

bool cookie_jar::take_one(std::string_view line) {
  cookie c;
  c.host = host_;
  c.path = "/";
  c.expires = "0";
  bool is_first = true;
  bool ends = false;
  bool has_age = false;
  header_fields::split(line, ';', [&](std::string_view part) {
    const std::size_t at = std::min(part.find('='), part.size());
    const std::string_view name = trimmed(part.substr(0, at));
    const std::string_view text = trimmed(part.substr(std::min(at + 1, part.size())));
    if (std::exchange(is_first, false)) {
      c.name = name;
      c.text = text;
    } else if (same_token(name, "Path") && text.starts_with('/')) {
      c.path = text;
    } else if (same_token(name, "Secure")) {
      c.secure = true;
    } else if (same_token(name, "HttpOnly")) {
      c.http_only = true;
    } else if (same_token(name, "Max-Age")) {
      std::int64_t seconds = 0;
      std::from_chars(text.data(), text.data() + text.size(), seconds);
      has_age = true;
      ends = seconds <= 0;
      c.expires =
          std::to_string(std::time(nullptr) + std::min<std::int64_t>(seconds, 400LL * 24 * 3600)); // RFC 6265bis
    } else if (std::tm parts{}; same_token(name, "Expires") && !has_age &&
                                ::strptime(std::string{text}.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) != nullptr) {
      const std::time_t end = ::timegm(&parts);
      ends = end <= std::time(nullptr);
      c.expires = std::to_string(end);
    }
  });
  const auto has_control = [](const std::string& s) {
    return std::any_of(s.begin(), s.end(), [](char x) { return static_cast<unsigned char>(x) < ' '; });
  };
  if (c.name.empty() || has_control(c.name) || has_control(c.text) || has_control(c.path)) return false;
  std::erase_if(cookies_,
                [&](const cookie& o) { return same_token(o.host, host_) && o.path == c.path && o.name == c.name; });
  if (!ends) cookies_.push_back(std::move(c));
  return true;
}

std::string cookie_jar::text() const {
  std::string out = others_.empty() ? std::string{first_line} + "\n" : "";
  for (const std::string& line : others_) out += line + "\n";
  for (const cookie& c : cookies_) {
    if (c.http_only) out += http_only;
    out += c.host + "\t" + c.subdomains + "\t" + c.path + (c.secure ? "\tTRUE\t" : "\tFALSE\t") + c.expires + "\t" +
           c.name + "\t" + c.text + "\n";
  }
  return out;
}

void cookie_jar::write() const {
  const std::string fresh = file_ + "." + random_hex(6);
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) fail(file_);
  try {
    write_all(fd, text(), file_);
    if (::fsync(fd) != 0 && errno != EINVAL) fail(file_);
    if (::rename(fresh.c_str(), file_.c_str()) != 0) fail(file_);
  } catch (...) {
    ::close(fd);
    ::unlink(fresh.c_str());
    throw;
  }
  ::close(fd);
}

} // namespace swill::cli
