#include "libswill/api/detail/http_routes.hpp"

#include "libswill/base/printable.hpp"

#include <algorithm>
#include <sys/stat.h>

namespace swill::detail {

namespace {

std::string where_in(const char* kind, const std::string& path) { return std::string{kind} + "." + printable(path); }

/// A name below the directory, such as "index.html" or "app/index.html".
bool is_plain_name(const std::string& name) {
  return !name.starts_with('/') && !name.ends_with('/') && problem_of_path('/' + name).empty() &&
         ('/' + name).find("/.") == std::string::npos;
}

bool is_of_kind(const std::string& name, mode_t kind) {
  struct stat s {};
  return ::stat(name.c_str(), &s) == 0 && (s.st_mode & S_IFMT) == kind;
}

void check_directory(const http_routes::directory& d, mistake_list& out) {
  const std::string in = where_in("files", d.path);
  if (!is_of_kind(d.name, S_IFDIR))
    return out.add(in, "\"" + printable(d.name) + "\" is no directory; one that exists would be right");
  const auto check_name = [&](const char* what, const std::string& name) {
    if (name.empty() || is_plain_name(name)) return true;
    out.add(in + "." + what, "is \"" + printable(name) +
                                 "\"; the name of a file below the directory would be right, such as \"index.html\"");
    return false;
  };
  check_name("index", d.options.index);
  if (check_name("fallback", d.options.fallback) && !d.options.fallback.empty() &&
      !is_of_kind(d.name + '/' + d.options.fallback, S_IFREG))
    out.add(in + ".fallback", "is \"" + printable(d.options.fallback) + "\", and there is no such file in \"" +
                                  printable(d.name) + "\"; one that exists would be right");
  if (!header_fields::may_travel("Cache-Control", d.options.cache_control))
    out.add(in + ".cache_control", "holds control characters; such as \"max-age=3600\" would be right");
}

} // namespace

std::string problem_of_path(const std::string& path) {
  const auto is_strange = [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7f || c == '?' || c == '#' || c == '%' || c == '\\';
  };
  if (!path.starts_with('/')) return "a path begins with a slash: \"/" + printable(path) + "\" would be right";
  if (path.size() > 1 && path.ends_with('/'))
    return "a path has no slash at its end: \"" + printable(path.substr(0, path.size() - 1)) + "\" would be right";
  if (std::any_of(path.begin(), path.end(), is_strange) || printable(path) != path || path.find("//") != path.npos ||
      (path + '/').find("/./") != path.npos || (path + '/').find("/../") != path.npos)
    return "no request has such a path: one without control characters, ?, #, %, backslashes, empty parts, . and .. "
           "would be right";
  return {};
}

void http_routes::check(mistake_list& out) const {
  std::vector<std::string> seen;
  const auto check_path = [&](const char* kind, const std::string& path) {
    const std::string in = where_in(kind, path);
    if (const auto problem = problem_of_path(path); !problem.empty()) out.add(in, problem);
    if (std::find(seen.begin(), seen.end(), path) != seen.end())
      out.add(in, "something else has this path; each may be given once");
    seen.push_back(path);
  };
  for (const function& f : functions) {
    check_path("http", f.path);
    if (!f.f) out.add(where_in("http", f.path), "its function is null; one that can be called would be right");
  }
  for (const directory& d : directories) {
    check_path("files", d.path);
    check_directory(d, out);
  }
}

void http_routes::check_taken(const std::vector<std::string>& taken, mistake_list& out) const {
  const auto check_path = [&](const char* kind, const std::string& path) {
    if (std::find(taken.begin(), taken.end(), path) != taken.end())
      out.add(where_in(kind, path), "the server answers at this path itself; any other would be right");
  };
  for (const function& f : functions) check_path("http", f.path);
  for (const directory& d : directories) check_path("files", d.path);
}

} // namespace swill::detail
