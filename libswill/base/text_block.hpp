#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace swill {

/// Texts that are kept long and read seldom, such as the header of a request, in one piece of memory: each is preceded by its length, in
/// groups of 7 bits. Does not change; empty, it is one pointer.
class text_block {
  struct gives_back {
    void operator()(char* block) const noexcept;
  };
  using memory = std::unique_ptr<char[], gives_back>;
  static constexpr std::size_t group = 128; // in which a length is counted

public:
  /// Goes through the texts, in their order.
  class cursor {
  public:
    explicit cursor(std::string_view rest) noexcept : rest_(rest) {}
    bool at_end() const noexcept { return rest_.empty(); }
    /// The next text; empty at the end.
    std::string_view next() noexcept {
      if (rest_.empty()) return {};
      const auto size = static_cast<unsigned char>(rest_.front());
      if (size >= group) return next_long();
      const std::string_view text = rest_.substr(1, size);
      rest_.remove_prefix(1 + text.size());
      return text;
    }
    /// The texts that are left, as `append` has encoded them.
    std::string_view rest() const noexcept { return rest_; }

  private:
    std::string_view next_long() noexcept;

    std::string_view rest_;
  };

  text_block() = default;
  /// Of the texts that `append` has put into `encoded`, less than 4 GiB.
  explicit text_block(std::string_view encoded);

  static void append(std::string& encoded, std::string_view text);
  /// How many bytes `append` adds for a text.
  static std::size_t size_of(std::string_view text) noexcept;

  /// Makes one of texts that are all at hand, without a copy in between.
  class writer {
  public:
    /// `size`: of all texts, by size_of().
    explicit writer(std::size_t size);
    void append(std::string_view text) noexcept;
    /// When all were appended.
    text_block finish() noexcept;

  private:
    memory block_;
    char* at_;
  };

  cursor begin() const noexcept { return cursor{encoded()}; }

private:
  static memory make(std::size_t size);
  std::string_view encoded() const noexcept;

  memory block_; ///< begins with how many bytes follow
};

/// The texts from a place on as pairs, such as names and values: `for (const auto& [name, text] : pairs)`.
class text_pairs {
public:
  explicit text_pairs(text_block::cursor first) noexcept : first_(first) {}

  struct end_mark {};
  class iterator {
  public:
    explicit iterator(text_block::cursor c) noexcept : cursor_(c) { ++*this; }
    const std::pair<std::string_view, std::string_view>& operator*() const noexcept { return pair_; }
    iterator& operator++() noexcept {
      is_end_ = cursor_.at_end();
      pair_.first = cursor_.next();
      pair_.second = cursor_.next();
      return *this;
    }
    bool operator==(end_mark) const noexcept { return is_end_; }

  private:
    text_block::cursor cursor_;
    std::pair<std::string_view, std::string_view> pair_;
    bool is_end_ = false;
  };
  iterator begin() const noexcept { return iterator{first_}; }
  end_mark end() const noexcept { return {}; }

private:
  text_block::cursor first_;
};

} // namespace swill
