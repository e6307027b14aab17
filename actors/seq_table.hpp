#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace swill::actors {

/// The open requests of a connection by seq: open addressing with linear probing, no allocation until the first one, deletion by moving
/// back. Knows no T beyond its address. Seqs are chosen by the peer, so they are mixed with an odd constant and probing is bounded by
/// limits::requests_per_connection.
template <class T>
class seq_table {
public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  T* find(std::uint64_t seq) const noexcept {
    if (size_ == 0) return nullptr;
    for (std::size_t i = home(seq);; i = (i + 1) & mask()) {
      if (slots_[i].second == nullptr) return nullptr;
      if (slots_[i].first == seq) return slots_[i].second;
    }
  }

  void insert(std::uint64_t seq, T& object) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    place(seq, &object);
    ++size_;
  }

  void erase(std::uint64_t seq) noexcept {
    if (size_ == 0) return;
    std::size_t i = home(seq);
    while (slots_[i].second != nullptr && slots_[i].first != seq) i = (i + 1) & mask();
    if (slots_[i].second == nullptr) return;
    --size_;
    for (std::size_t j = (i + 1) & mask(); slots_[j].second != nullptr; j = (j + 1) & mask()) {
      if (((j - home(slots_[j].first)) & mask()) < ((j - i) & mask())) continue;
      slots_[i] = slots_[j];
      i = j;
    }
    slots_[i] = {};
  }

  std::vector<T*> objects() const {
    std::vector<T*> out;
    out.reserve(size_);
    for (const auto& [seq, object] : slots_) {
      if (object != nullptr) out.push_back(object);
    }
    return out;
  }

private:
  std::size_t mask() const noexcept { return slots_.size() - 1; }
  std::size_t home(std::uint64_t seq) const noexcept {
    return static_cast<std::size_t>((seq * 0x9E3779B97F4A7C15ULL) >> 32) & mask();
  }
  void place(std::uint64_t seq, T* object) noexcept {
    std::size_t i = home(seq);
    while (slots_[i].second != nullptr) i = (i + 1) & mask();
    slots_[i] = {seq, object};
  }
  void grow() {
    std::vector<std::pair<std::uint64_t, T*>> old(slots_.empty() ? 8 : slots_.size() * 2);
    old.swap(slots_);
    for (const auto& [seq, object] : old) {
      if (object != nullptr) place(seq, object);
    }
  }

  std::vector<std::pair<std::uint64_t, T*>> slots_;
  std::size_t size_ = 0;
};

} // namespace swill::actors
