#include "programs/options/standard_output.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace swill::programs {

namespace {

[[noreturn]] void fail() {
  const int why = errno != 0 ? errno : EIO;
  throw output_error("standard output: " + std::generic_category().message(why));
}

} // namespace

void print(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail();
}

void flush_output() {
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) fail();
}

} // namespace swill::programs
