#pragma once

#include "libswill/api/ports.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace swill::cli {

/// Cookies that outlive the program, in a file of the format that curl and wget read: how a session goes on from one call to the next. Only
/// the user may read the file, which holds secrets.
class cookie_jar {
public:
  /// For the server of a URL. Reads the file that --cookie-jar names; none, or one without content, is an empty jar. Throws
  /// programs::file_error for one that cannot be read or is no jar: a directory, a device, a pipe, more than 64 KiB, or a file whose first line
  /// is not that of a jar. So no other file is ever replaced by a jar.
  cookie_jar(std::string path, std::string_view url);

  /// What the Cookie header of the handshake says, for this server and path; empty: nothing.
  std::string header() const;
  /// Takes the cookies that the handshake's response sets, and writes the file anew when that changes anything: to another file, which
  /// then takes its name, so that whoever reads sees the old one or the new one. Where the file would grow beyond 64 KiB, the oldest cookies
  /// of this server go. Throws std::system_error.
  void take(const header_list& response);

private:
  struct cookie {
    std::string host;
    std::string subdomains = "FALSE";
    std::string path;
    bool secure = false;
    bool http_only = false;
    std::string expires; ///< seconds since 1970; "0": with the session
    std::string name;
    std::string text;
  };
  static bool read(std::string_view line, cookie& to);
  bool is_wanted(const cookie& c) const;
  bool take_one(std::string_view line);
  std::string text() const;
  void write() const;

  std::string file_;
  std::string host_;
  std::string path_; ///< of the URL
  bool is_local_ = false;
  std::vector<std::string> others_; ///< lines that are no cookies of this format
  std::vector<cookie> cookies_;     ///< of all hosts
};

} // namespace swill::cli
