#include "libswill/base/text_block.hpp"

#include <algorithm>
#include <cstring>

namespace swill {

namespace {

using size_type = std::uint32_t;
constexpr std::size_t group = 128;

} // namespace

text_block::text_block(std::string_view encoded) : block_(new char[sizeof(size_type) + encoded.size()]) {
  const auto size = static_cast<size_type>(encoded.size());
  std::memcpy(block_.get(), &size, sizeof size);
  std::copy(encoded.begin(), encoded.end(), block_.get() + sizeof size);
}

void text_block::append(std::string& encoded, std::string_view text) {
  std::size_t left = text.size();
  for (; left >= group; left /= group) encoded += static_cast<char>(left % group + group);
  encoded += static_cast<char>(left);
  encoded += text;
}

std::string_view text_block::encoded() const noexcept {
  if (block_ == nullptr) return {};
  size_type size = 0;
  std::memcpy(&size, block_.get(), sizeof size);
  return {block_.get() + sizeof size, size};
}

std::string_view text_block::cursor::next() noexcept {
  std::size_t size = 0;
  for (std::size_t factor = 1; !rest_.empty(); factor *= group) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    size += byte % group * factor;
    if (byte < group) break;
  }
  const std::string_view text = rest_.substr(0, size);
  rest_.remove_prefix(text.size());
  return text;
}

} // namespace swill
