#include "libswill/net/http/media_type.hpp"

#include "libswill/base/text.hpp"

#include <array>

namespace swill::net::http {

namespace {

struct known_type {
  std::string_view ending;
  media_type type;
};

constexpr std::array<known_type, 49> known_types{{
    {"html", {"text/html; charset=utf-8", true}},
    {"js", {"text/javascript; charset=utf-8", true}},
    {"css", {"text/css; charset=utf-8", true}},
    {"json", {"application/json", true}},
    {"svg", {"image/svg+xml", true}},
    {"png", {"image/png"}},
    {"ico", {"image/x-icon", true}},
    {"woff2", {"font/woff2"}},
    {"wasm", {"application/wasm", true}},
    {"map", {"application/json", true}},
    {"mjs", {"text/javascript; charset=utf-8", true}},
    {"txt", {"text/plain; charset=utf-8", true}},
    {"webmanifest", {"application/manifest+json", true}},
    {"htm", {"text/html; charset=utf-8", true}},
    {"xhtml", {"application/xhtml+xml", true}},
    {"xml", {"application/xml", true}},
    {"md", {"text/markdown; charset=utf-8", true}},
    {"csv", {"text/csv; charset=utf-8", true}},
    {"vtt", {"text/vtt; charset=utf-8", true}},
    {"ics", {"text/calendar; charset=utf-8", true}},
    {"jsonld", {"application/ld+json", true}},
    {"geojson", {"application/geo+json", true}},
    {"rss", {"application/rss+xml", true}},
    {"atom", {"application/atom+xml", true}},
    {"rtf", {"application/rtf", true}},
    {"jpg", {"image/jpeg"}},
    {"jpeg", {"image/jpeg"}},
    {"gif", {"image/gif"}},
    {"webp", {"image/webp"}},
    {"avif", {"image/avif"}},
    {"bmp", {"image/bmp", true}},
    {"tif", {"image/tiff"}},
    {"tiff", {"image/tiff"}},
    {"woff", {"font/woff"}},
    {"ttf", {"font/ttf", true}},
    {"otf", {"font/otf", true}},
    {"eot", {"application/vnd.ms-fontobject", true}},
    {"mp4", {"video/mp4"}},
    {"webm", {"video/webm"}},
    {"ogv", {"video/ogg"}},
    {"mp3", {"audio/mpeg"}},
    {"m4a", {"audio/mp4"}},
    {"oga", {"audio/ogg"}},
    {"ogg", {"audio/ogg"}},
    {"wav", {"audio/wav"}},
    {"pdf", {"application/pdf"}},
    {"zip", {"application/zip"}},
    {"gz", {"application/gzip"}},
    {"tar", {"application/x-tar"}},
}};

} // namespace

media_type media_type_of(std::string_view file_name) noexcept {
  const auto dot = file_name.rfind('.');
  if (dot != std::string_view::npos) {
    const std::string_view ending = file_name.substr(dot + 1);
    for (const known_type& k : known_types)
      if (same_in_any_case(k.ending, ending)) return k.type;
  }
  return {"application/octet-stream"};
}

} // namespace swill::net::http
