#pragma once

namespace swill::test {

/// Counts itself: an object too many or too few shows.
class counted {
public:
  explicit counted(int& alive) : alive_(&alive) { ++*alive_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --*alive_; }

private:
  int* alive_;
};

} // namespace swill::test
