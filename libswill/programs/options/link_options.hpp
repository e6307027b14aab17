#pragma once

#include "libswill/programs/options/command_line.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace swill::programs {

/// The command line of what both ends of a link between gateway and worker need: the secret and the files of TLS.
class link_options {
public:
  /// `prefix` stands before the names of the options: "workers-" gives --workers-secret-file.
  void add_to(command_line& program, const std::string& prefix);

  /// What the file holds, without white space at its end; empty when none was named. Throws file_error when it cannot be read, or holds less
  /// than `least` bytes.
  std::string secret(std::size_t least) const;

  /// All of them.
  const std::vector<added_option>& all() const noexcept { return all_; }

  std::string certificate;
  std::string key;
  std::string authority;

private:
  std::string secret_option_; ///< its name, for errors
  std::string secret_file_;
  std::vector<added_option> all_;
};

} // namespace swill::programs
