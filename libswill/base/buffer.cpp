#include "libswill/base/buffer.hpp"

#include <algorithm>

namespace swill {

void buffer::grow(std::size_t n) {
  const std::size_t wanted = std::max({capacity_ * 2, size_ + n, std::size_t{256}});
  std::unique_ptr<std::byte[]> bigger{new std::byte[wanted]};
  if (size_ != 0) std::memcpy(bigger.get(), data_.get(), size_);
  data_ = std::move(bigger);
  capacity_ = wanted;
}

} // namespace swill
