#include "apps/cli/exit_codes.hpp"
#include "apps/cli/project.hpp"
#include "libswill/programs/options/standard_output.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace swill::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_name = 63;

/// Words that the languages of a project keep for themselves, or that would be two things there.
const std::set<std::string_view> taken_names{
    // targets of CMake and Ninja, and directories of a project
    "all", "build", "clean", "edit_cache", "help", "install", "package", "rebuild_cache", "test", "swill",
    // keywords of C++ and JavaScript
    "alignas", "alignof", "and", "asm", "auto", "await", "bool", "break", "case", "catch", "char", "class", "concept",
    "const", "continue", "debugger", "default", "delete", "do", "double", "else", "enum", "explicit", "export",
    "extern", "false", "float", "for", "friend", "function", "goto", "if", "import", "in", "inline", "int", "let",
    "long", "mutable", "namespace", "new", "not", "null", "operator", "or", "private", "protected", "public",
    "register", "requires", "return", "short", "signed", "sizeof", "static", "std", "struct", "super", "switch",
    "template", "this", "throw", "true", "try", "typedef", "typeid", "typename", "union", "unsigned", "using", "var",
    "virtual", "void", "volatile", "while", "with", "xor", "yield"};

void check_project_name(const std::string& name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto fits = [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (name.empty() || name.size() > longest_name || !is_lower(name.front()) ||
      !std::all_of(name.begin(), name.end(), fits))
    throw usage_error(
        "'" + name +
        "' is no name of a project: up to 63 of a to z, 0 to 9, - and _, beginning with a letter, would be");
  if (taken_names.contains(name))
    throw usage_error("'" + name + "' cannot be a project's name: C++, JavaScript or CMake have that word");
}

[[noreturn]] void cannot_write(const fs::path& path, int why) {
  throw programs::output_error(path.string() + " cannot be written: " + std::strerror(why));
}

/// With the directories above it.
fs::path in_full(const fs::path& path) {
  std::error_code failed;
  const fs::path full = fs::absolute(path, failed);
  if (failed) throw usage_error("the current directory has been removed: another one would be right");
  return full;
}

std::string read_template(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in) throw usage_error(path.string() + " cannot be read: is this program installed as a whole?");
  return text;
}

void write_new_file(const fs::path& path, const std::string& text) {
  std::error_code failed;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failed);
  if (failed) cannot_write(path, failed.value());
  errno = 0;
  std::ofstream to{path, std::ios::binary | std::ios::trunc};
  to << text << std::flush;
  to.close();
  if (!to) cannot_write(path, errno);
}

void replace_all(std::string& text, std::string_view place, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(place, at)) != std::string::npos; at += by.size())
    text.replace(at, place.size(), by);
}

std::string with_name(std::string text, const std::string& name) {
  replace_all(text, "@NAME@", name);
  replace_all(text, "@KEY@",
              name.find('-') == std::string::npos ? name : '"' + name + '"'); // of an object in JavaScript
  return text;
}

/// Names that begin with a dot are written "dot-" in the installation, where nothing shall take them for its own.
fs::path name_in_project(const fs::path& name) {
  fs::path out;
  for (const fs::path& part : name) {
    const std::string text = part;
    out /= text.starts_with("dot-") ? "." + text.substr(4) : text;
  }
  return out;
}

struct template_file {
  fs::path name; ///< in the project
  std::string text;
};

std::vector<template_file> read_templates(const std::string& kind, const std::string& project_name) {
  const fs::path from = install_prefix() / "share" / "swill" / "templates" / kind;
  std::error_code failed;
  std::vector<template_file> all;
  for (fs::recursive_directory_iterator i{from, failed}, end; !failed && i != end; i.increment(failed)) {
    if (i->is_regular_file(failed))
      all.push_back(
          {name_in_project(i->path().lexically_relative(from)), with_name(read_template(i->path()), project_name)});
  }
  if (failed || all.empty())
    throw usage_error("there are no templates in " + from.string() + ": is this program installed as a whole?");
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

/// Whoever ends this program ends it before or after something is made, and not in between. It takes some milliseconds.
class no_interruption {
public:
  no_interruption() {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ending, s);
    ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
    ::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error like a full disk
  }
  ~no_interruption() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  no_interruption& operator=(no_interruption&&) = delete;

private:
  sigset_t before_{};
};

/// A directory that becomes the project when it is complete, and else does not stay.
class new_directory {
public:
  explicit new_directory(const std::string& name) : name_(name), work_("." + name + "." + std::to_string(::getpid())) {
    if (::mkdir(work_.c_str(), 0777) == 0) return;
    const int why = errno;
    cannot_write(in_full(name_), why);
  }
  ~new_directory() {
    std::error_code ignored;
    if (!work_.empty()) fs::remove_all(work_, ignored);
  }
  new_directory& operator=(new_directory&&) = delete;

  const fs::path& path() const noexcept { return work_; }
  void take_name() {
    // Not in the place of what somebody else has made meanwhile; some file systems do not know how.
    if (::renameat2(AT_FDCWD, work_.c_str(), AT_FDCWD, name_.c_str(), RENAME_NOREPLACE) != 0 &&
        (errno != EINVAL || ::rename(work_.c_str(), name_.c_str()) != 0)) {
      const int why = errno;
      cannot_write(in_full(name_), why);
    }
    work_.clear();
  }

private:
  std::string name_;
  fs::path work_;
};

} // namespace

fs::path install_prefix() {
  std::error_code failed;
  return fs::read_symlink("/proc/self/exe", failed).parent_path().parent_path();
}

void make_project(const options& o, output& out) {
  const std::string& name = o.name;
  check_project_name(name);
  std::error_code ignored;
  if (fs::symlink_status(name, ignored).type() != fs::file_type::not_found)
    throw usage_error(name + " exists already: another name, or another directory, would be right");
  auto files = read_templates("app", name);
  if (o.project.cluster) {
    for (template_file& f : read_templates("cluster", name)) files.push_back(std::move(f));
  }
  {
    const no_interruption all_or_nothing;
    new_directory directory{name};
    for (const template_file& f : files) write_new_file(directory.path() / f.name, f.text);
    directory.take_name();
  }
  out.text(name + "/ has " + std::to_string(files.size()) + " files; README.md in it says what they are. Now\n  cd " +
           name + "\n  swill dev\n");
  if (const std::string missing = missing_packages(); !missing.empty()) out.note("First, " + missing + "\n");
}

void add_cluster(output& out) {
  const auto files = read_templates("cluster", read_project().program);
  std::error_code ignored;
  for (const template_file& f : files) {
    if (fs::symlink_status(f.name, ignored).type() != fs::file_type::not_found)
      throw usage_error(f.name.string() + " exists already, and nothing was added");
  }
  const no_interruption all_or_nothing;
  std::size_t written = 0;
  try {
    for (; written < files.size(); ++written) write_new_file(files[written].name, files[written].text);
  } catch (...) {
    for (std::size_t i = 0; i <= written; ++i) {
      fs::remove(files[i].name, ignored);
      if (files[i].name.has_parent_path()) fs::remove(files[i].name.parent_path(), ignored); // where it is empty
    }
    throw;
  }
  std::string text = "Added";
  for (const template_file& f : files) text += " " + f.name.string();
  out.text(text + "; docker-compose.yml says on top how to start it\n");
}

} // namespace swill::cli
