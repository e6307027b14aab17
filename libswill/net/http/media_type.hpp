#pragma once

#include <string_view>

namespace swill::net::http {

/// What a file is, by the ending of its name.
struct media_type {
  std::string_view text;        ///< of Content-Type
  bool is_compressible = false; ///< so that a compressed version of it may be worth looking for
};

/// In any case of letters; "application/octet-stream" for endings that are not known, and for names without one.
media_type media_type_of(std::string_view file_name) noexcept;

} // namespace swill::net::http
