#pragma once

#include "libswill/base/bytes.hpp"
#include "libswill/transport/upgrade.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace swill::transport {

/// Reads the head of one HTTP/1.1 request from bytes that come in pieces. A body is not looked at.
class request_head {
public:
  explicit request_head(std::size_t size_limit);
  ~request_head();

  enum class state { incomplete, complete, bad, too_large };

  /// `input` is everything that came so far. What `used()` says then belongs to the head.
  state put(bytes_view input);
  std::size_t used() const noexcept { return used_; }

  /// After `complete`.
  upgrade_request take();

private:
  struct parser;
  std::unique_ptr<parser> parser_;
  std::size_t limit_;
  std::size_t used_ = 0;
};

} // namespace swill::transport
