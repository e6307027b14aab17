#pragma once

#include "libswill/base/mistakes.hpp"

#include <string>
#include <vector>

namespace swill::test {

/// "PATH: TEXT" of each mistake.
inline std::vector<std::string> texts_of(const mistake_list& found) {
  std::vector<std::string> out;
  for (const mistake& m : found.all()) out.push_back(m.path + ": " + m.text);
  return out;
}

/// Those of an app, a plugin, or options that have a check().
template <class Checked>
std::vector<std::string> mistakes_of(const Checked& o) {
  mistake_list found;
  if constexpr (requires { o.check(found); })
    o.check(found);
  else
    check(o, found);
  return texts_of(found);
}

} // namespace swill::test
