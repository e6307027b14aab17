#pragma once

#include "apps/cli/options.hpp"
#include "apps/cli/output.hpp"

#include <filesystem>
#include <string>
#include <vector>

// Projects: applications that `swill new` has made (docs/first-app.md).

namespace swill::cli {

/// What swill.json in the project's directory says.
struct project {
  std::string program;                ///< target of CMake, and the file in build/ that `swill dev` runs
  std::vector<std::string> arguments; ///< of that program
  std::string client; ///< file that `swill gen` makes of what the program says about itself: .js or .ts; empty: none
};

/// That of the current directory. Throws usage_error where there is none, and for one that cannot be meant.
project read_project();

/// Where this program is installed: the directory above that of its file.
std::filesystem::path install_prefix();

/// "no cmake, libcaf-dev: sudo apt-get install …", or nothing where all is there that a project needs.
std::string missing_packages();

/// new: makes a project in a directory of its name; all of it, or nothing.
void make_project(const options& o, output& out);
/// add cluster: adds to the project in the current directory.
void add_cluster(output& out);
/// dev: returns by an exception alone.
void develop(const options& o, output& out);
/// test: what the tests end with.
exit_code test_project(const options& o, output& out);

} // namespace swill::cli
