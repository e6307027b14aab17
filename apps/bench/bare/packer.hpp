#pragma once

#include <msgpack.hpp>

#include <cstddef>
#include <string>

namespace swill::bench::bare {

/// Where a packer appends what it encodes.
struct string_sink {
  std::string& out;
  void write(const char* data, std::size_t size) { out.append(data, size); }
};

using packer = msgpack::packer<string_sink>;

} // namespace swill::bench::bare
