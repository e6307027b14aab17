#include "libswill/api/types/rules.hpp"

#include <memory>
#include <mutex>
#include <re2/re2.h>
#include <shared_mutex>
#include <stdexcept>
#include <unordered_map>

namespace swill {

namespace {

/// All patterns of the process. Never emptied: their number is that of the program's literals.
class compiled_patterns {
public:
  const RE2& get(std::string_view expression) {
    const std::string key{expression};
    {
      std::shared_lock lock{mutex_};
      if (const auto found = all_.find(key); found != all_.end()) return *found->second;
    }
    auto compiled = std::make_unique<RE2>(key, RE2::Quiet);
    if (!compiled->ok()) throw std::invalid_argument{"pattern \"" + key + "\": " + compiled->error()};
    std::unique_lock lock{mutex_};
    return *all_.try_emplace(key, std::move(compiled)).first->second;
  }

private:
  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<RE2>> all_;
};

const RE2& compile(std::string_view expression) {
  // Leaked: handlers may still run while static objects die.
  static auto& all = *new compiled_patterns;
  return all.get(expression);
}

struct recent {
  const char* address = nullptr;
  std::string text;
  const RE2* compiled = nullptr;
};

} // namespace

namespace detail {

bool matches(std::string_view pattern, std::string_view text) {
  // A literal keeps its address, so mostly neither the lock nor the hash is needed. The text is compared in case it was no literal.
  constexpr std::size_t slots = 64;
  thread_local recent recents[slots];
  recent& r = recents[(reinterpret_cast<std::uintptr_t>(pattern.data()) >> 3) % slots];
  if (r.address != pattern.data() || r.text != pattern) {
    r.compiled = &compile(pattern);
    r.text = pattern;
    r.address = pattern.data();
  }
  return RE2::PartialMatch({text.data(), text.size()}, *r.compiled);
}

} // namespace detail

void pattern::note(type_notes& n) const {
  try {
    compile(expression); // a bad one shows here, when the type is first looked at
  } catch (const std::invalid_argument& e) {
    n.mistakes.push_back(std::string{e.what()} + "; an expression of RE2 would be right");
  }
  n.add("pattern", expression);
}

} // namespace swill
