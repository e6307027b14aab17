#include "libswill/api/detail/http_routes.hpp"

#include "libswill/base/likely_path.hpp"
#include "libswill/base/printable.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <utility>

namespace swill::detail {

namespace {

std::string quoted_path(const std::string& path) { return '"' + printable(path) + '"'; }

// Where a mistake stands: "http./version", "files./", or the option that has given the directory, or one of its members

std::string place_of(const http_routes::function& f) { return "http." + printable(f.path); }

std::string place_of(const http_routes::directory& d) {
  return d.option.empty() ? "files." + printable(d.path) : d.option;
}

std::string place_of(const http_routes::directory& d, std::string member) {
  if (d.option.empty()) return place_of(d) + '.' + member;
  std::replace(member.begin(), member.end(), '_', '-');
  return d.option + '-' + member;
}

// Who has a path, as its author wrote it

std::string giver_of(const http_routes::function& f) {
  return f.giver.empty() ? "app.http(" + quoted_path(f.path) + ')' : f.giver;
}

std::string giver_of(const http_routes::directory& d) {
  if (d.option.empty()) return "app.files(" + quoted_path(d.path) + ", " + quoted_path(d.name) + ')';
  return d.option + ' ' + printable(d.path) + '=' + printable(d.name);
}

/// A name below the directory, such as "index.html" or "app/index.html".
bool is_plain_name(const std::string& name) {
  return !name.starts_with('/') && !name.ends_with('/') && problem_of_path('/' + name).empty();
}

bool is_of_kind(const std::string& name, mode_t kind) {
  struct stat s {};
  return ::stat(name.c_str(), &s) == 0 && (s.st_mode & S_IFMT) == kind;
}

bool is_root(const std::string& name) {
  struct stat it {};
  struct stat root {};
  return ::stat(name.c_str(), &it) == 0 && ::stat("/", &root) == 0 && it.st_dev == root.st_dev &&
         it.st_ino == root.st_ino;
}

void check_directory(const http_routes::directory& d, mistake_list& out) {
  if (!is_of_kind(d.name, S_IFDIR))
    return out.add(place_of(d), "\"" + printable(d.name) + "\" is no directory; one that exists would be right");
  if (is_root(d.name))
    return out.add(place_of(d), "\"" + printable(d.name) +
                                    "\" is the root of all directories, with everything that the process may read; one "
                                    "that holds only what anybody may have would be right");
  const auto check_name = [&](const char* what, const std::string& name) {
    if (name.empty()) return true;
    const std::string is = "is \"" + printable(name) + '"';
    if (!is_plain_name(name))
      out.add(place_of(d, what),
              is + "; the name of a file below the directory would be right, such as \"index.html\"");
    else if (('/' + name).find("/.") != std::string::npos)
      out.add(
          place_of(d, what),
          is +
              ", and names with a leading dot are never served; one without it would be right, such as \"index.html\"");
    else
      return true;
    return false;
  };
  check_name("index", d.options.index);
  if (check_name("fallback", d.options.fallback) && !d.options.fallback.empty() &&
      !is_of_kind(d.name + '/' + d.options.fallback, S_IFREG))
    out.add(place_of(d, "fallback"), "is \"" + printable(d.options.fallback) + "\", and there is no such file in \"" +
                                         printable(d.name) + "\"; one that exists would be right");
  if (!header_fields::may_travel("Cache-Control", d.options.cache_control))
    out.add(place_of(d, "cache_control"), "holds control characters; such as \"max-age=3600\" would be right");
}

} // namespace

std::string problem_of_path(const std::string& path) {
  const auto is_strange = [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7f || c == '?' || c == '#' || c == '%' || c == '\\';
  };
  const auto with_meant = [&path](const std::string& rule) {
    const std::string meant = likely_path(path);
    return problem_of_path(meant).empty() ? rule + ": \"" + meant + "\" would be right" : rule;
  };
  if (!path.starts_with('/')) return with_meant("a path begins with a slash");
  if (path.size() > 1 && path.ends_with('/')) return with_meant("a path has no slash at its end");
  if (std::any_of(path.begin(), path.end(), is_strange) || printable(path) != path || path.find("//") != path.npos ||
      (path + '/').find("/./") != path.npos || (path + '/').find("/../") != path.npos)
    return "no request has such a path: one without control characters, ?, #, %, backslashes, empty parts, . and .. "
           "would be right";
  return {};
}

void http_routes::check(mistake_list& out) const {
  std::vector<std::pair<std::string, std::string>> seen; // paths, with what has given each
  const auto check_path = [&](const auto& route, const std::string& place_has) {
    const std::string& path = route.path;
    if (const auto problem = problem_of_path(path); !problem.empty()) out.add(place_of(route), place_has + problem);
    const auto same = std::find_if(seen.begin(), seen.end(), [&path](const auto& s) { return s.first == path; });
    if (same != seen.end())
      out.add(place_of(route),
              quoted_path(path) + " is the path of " + same->second + " already; each path may be given once");
    else
      seen.emplace_back(path, giver_of(route));
  };
  for (const function& f : functions) {
    check_path(f, "");
    if (!f.f) out.add(place_of(f), "its function is null; one that can be called would be right");
  }
  for (const directory& d : directories) {
    check_path(d, d.option.empty() ? "" : "has the path " + quoted_path(d.path) + "; ");
    check_directory(d, out);
  }
}

void http_routes::check_taken(const std::vector<taken_path>& taken, mistake_list& out) const {
  const auto check_path = [&](const auto& route) {
    for (const taken_path& t : taken)
      if (t.path == route.path)
        out.add(place_of(route), quoted_path(t.path) + " is " + t.what + "; any other would be right");
  };
  for (const function& f : functions) check_path(f);
  for (const directory& d : directories) check_path(d);
}

} // namespace swill::detail
