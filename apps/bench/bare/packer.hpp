#pragma once

#include <msgpack.hpp>

#include <string>

namespace swill::bench::bare {

/// Packs MessagePack to the end of a string.
struct string_sink {
  std::string& out;
  void write(const char* data, std::size_t size) { out.append(data, size); }
};
using packer = msgpack::packer<string_sink>;

} // namespace swill::bench::bare
