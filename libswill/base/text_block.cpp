#include "libswill/base/text_block.hpp"

#include "libswill/base/frame_memory.hpp"

#include <algorithm>
#include <cstring>

namespace swill {

namespace {

using size_type = std::uint32_t;

size_type size_in(const char* block) noexcept {
  size_type size = 0;
  std::memcpy(&size, block, sizeof size);
  return size;
}

} // namespace

void text_block::gives_back::operator()(char* block) const noexcept {
  detail::give_frame(block, sizeof(size_type) + size_in(block));
}

/// Makes room for the number of the bytes, and for so many bytes after it.
text_block::memory text_block::make(std::size_t size) {
  auto* const block = static_cast<char*>(detail::take_frame(sizeof(size_type) + size));
  const auto number = static_cast<size_type>(size);
  std::memcpy(block, &number, sizeof number);
  return memory{block};
}

text_block::text_block(std::string_view encoded) : block_(make(encoded.size())) {
  std::copy(encoded.begin(), encoded.end(), block_.get() + sizeof(size_type));
}

void text_block::append(std::string& encoded, std::string_view text) {
  std::size_t left = text.size();
  for (; left >= group; left /= group) encoded += static_cast<char>(left % group + group);
  encoded += static_cast<char>(left);
  encoded += text;
}

std::size_t text_block::size_of(std::string_view text) noexcept {
  std::size_t size = 1 + text.size();
  for (std::size_t left = text.size(); left >= group; left /= group) ++size;
  return size;
}

text_block::writer::writer(std::size_t size) : block_(make(size)), at_(block_.get() + sizeof(size_type)) {}

void text_block::writer::append(std::string_view text) noexcept {
  std::size_t left = text.size();
  for (; left >= group; left /= group) *at_++ = static_cast<char>(left % group + group);
  *at_++ = static_cast<char>(left);
  std::copy(text.begin(), text.end(), at_);
  at_ += text.size();
}

text_block text_block::writer::finish() noexcept {
  text_block made;
  made.block_ = std::move(block_);
  return made;
}

std::string_view text_block::encoded() const noexcept {
  if (block_ == nullptr) return {};
  return {block_.get() + sizeof(size_type), size_in(block_.get())};
}

std::string_view text_block::cursor::next_long() noexcept {
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
