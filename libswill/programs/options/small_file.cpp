#include "libswill/programs/options/small_file.hpp"

#include "libswill/base/printable.hpp"

#include <cerrno>
#include <system_error>

namespace swill::programs {

namespace {

std::string in_quotes(const std::string& path) { return "\"" + printable(path) + "\""; }

} // namespace

std::optional<std::string> read_small_file(const std::string& option, const std::string& path, pipes p) {
  auto text = read_whole_file(path, largest_small_file, p);
  if (text) return std::move(*text);
  if (text.error().is(error_code::not_found)) return std::nullopt;
  throw file_error(option + ": " + in_quotes(path) + " " + text.error().message);
}

std::string read_secret(const std::string& option, const std::string& path, std::size_t least,
                        std::string_view trimmed) {
  auto text = read_small_file(option, path, pipes::read);
  if (!text)
    throw file_error(option + ": " + in_quotes(path) + " cannot be read: " + std::generic_category().message(ENOENT));
  text->erase(text->find_last_not_of(trimmed) + 1);
  if (text->size() < least)
    throw file_error(option + ": " + in_quotes(path) + " holds no secret of at least " + std::to_string(least) +
                     (least == 1 ? " byte" : " bytes"));
  // Such as the zeros that a file system leaves of one that was not written to the end.
  if (text->find_first_not_of('\0') == std::string::npos)
    throw file_error(option + ": " + in_quotes(path) + " holds zeros, which are no secret");
  return std::move(*text);
}

} // namespace swill::programs
