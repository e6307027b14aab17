#include "libswill/api/serving/call.hpp"

#include "libswill/base/await.hpp"
#include "libswill/base/trace_id.hpp"
#include "libswill/wire/reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

// What the metadata of a request say: how long it may take, and which trace it belongs to.

namespace swill::detail {

/// The last value under a key of encoded metadata.
bool call::find_metadata(bytes_view metadata, std::string_view key, std::size_t nesting, wire::reader& out) noexcept {
  wire::reader in{metadata};
  std::uint32_t n = 0;
  bool found = false;
  if (metadata.empty() || !in.read_map(n)) return false;
  for (; n > 0; --n) {
    std::string_view k;
    if (!in.read_str(k)) break;
    if (k == key) {
      out = in;
      found = true;
    }
    if (!in.skip(nesting)) break;
  }
  return found;
}

/// What the client asks for under `timeout_ms`: an integer, or a number that is rounded up to one. False for anything else.
bool call::read_timeout(bytes_view metadata, std::size_t nesting, std::optional<std::int64_t>& out) noexcept {
  wire::reader at{metadata};
  if (!find_metadata(metadata, "timeout_ms", nesting, at) || at.read_nil()) return true;
  std::int64_t ms = 0;
  std::uint64_t large = 0;
  double real = 0;
  if (at.read_int(ms)) {
    out = ms;
  } else if (at.read_uint(large)) {
    out = std::numeric_limits<std::int64_t>::max();
  } else if (at.read_real(real) && std::isfinite(real)) {
    out = static_cast<std::int64_t>(std::clamp(std::ceil(real), 0.0, 0x1p53));
  } else {
    return false;
  }
  return true;
}

std::optional<error> call::timeout_problem(bytes_view metadata, std::size_t nesting) {
  std::optional<std::int64_t> ms;
  if (read_timeout(metadata, nesting, ms)) return std::nullopt;
  return error{error_code::bad_request, "timeout_ms is not a number of milliseconds"};
}

/// How long it may take, if that is limited.
std::optional<std::chrono::milliseconds> call::allowance() const {
  const swill::limits& l = limits();
  const handler_options& o = handler_->options;
  using std::chrono::milliseconds;
  constexpr std::int64_t longest = std::int64_t{1000} * 60 * 60 * 24 * 365;
  milliseconds wait = o.default_deadline.count() != 0 ? o.default_deadline : l.default_deadline;
  const milliseconds most = o.maximum_deadline.count() != 0 ? o.maximum_deadline : l.maximum_deadline;
  bool wanted = wait.count() != 0;
  std::optional<std::int64_t> ms;
  if (!borrowed_metadata_.empty()) read_timeout(borrowed_metadata_, l.nesting, ms);
  if (ms) {
    wait = milliseconds{std::clamp<std::int64_t>(*ms, 0, longest)};
    wanted = true;
  }
  if (most.count() != 0 && (!wanted || wait > most)) {
    wait = most;
    wanted = true;
  }
  if (!wanted) return std::nullopt;
  return wait;
}

const metadata& call::client_metadata() {
  if (client_metadata_ == nullptr) {
    client_metadata_ = std::make_unique<framed_metadata>();
    metadata& out = client_metadata_->is;
    if (!metadata::decode(borrowed_metadata_, limits(), out)) {
      out.clear();
      throw error{error_code::bad_request, "metadata cannot be decoded"};
    }
  }
  return client_metadata_->is;
}

std::optional<clock_time> call::deadline() const noexcept {
  switch (ends_.load(std::memory_order_acquire)) {
    case ends::at_deadline: return deadline_->at();
    case ends::never: return std::nullopt;
    case ends::unknown: break; // a plain function asks, on this thread: nobody else has wanted to know
  }
  const auto wait = allowance();
  if (!wait) return std::nullopt;
  return loop().now() + within_the_clock(*wait);
}

std::string_view call::trace_in(bytes_view metadata, std::size_t nesting) noexcept {
  wire::reader at{metadata};
  std::string_view parent;
  if (!find_metadata(metadata, "traceparent", nesting, at) || !at.read_str(parent)) return {};
  return trace_id_in(parent);
}

std::string_view call::trace() const noexcept { return trace_in(borrowed_metadata_, limits().nesting); }

} // namespace swill::detail
