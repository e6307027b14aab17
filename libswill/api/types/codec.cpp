#include "libswill/api/types/codec.hpp"

#include "libswill/wire/codec.hpp"

#include <mutex>
#include <unordered_map>

namespace swill::detail {

value described_type(value (*introspect)(introspector&)) {
  introspector i;
  value type = introspect(i);
  throw_first(i.mistakes());
  return type;
}

std::shared_ptr<const value> shared_description(value (*introspect)(introspector&), std::vector<mistake>& mistakes) {
  static std::mutex mutex;                                                               // guards what follows
  static std::unordered_map<value (*)(introspector&), std::weak_ptr<const value>> known; ///< of types without mistakes
  const std::lock_guard lock{mutex};
  if (const auto it = known.find(introspect); it != known.end()) {
    if (auto type = it->second.lock()) return type;
  }
  introspector i;
  auto type = std::make_shared<const value>(introspect(i));
  mistakes.insert(mistakes.end(), i.mistakes().begin(), i.mistakes().end());
  if (i.mistakes().empty()) known[introspect] = type;
  return type;
}

value decoded_value(bytes_view encoded) {
  wire::reader from{encoded};
  value v;
  wire::read_value(from, v, wire::reader::deepest);
  return v;
}

void append_value(buffer& to, const value& v) {
  wire::writer w{to};
  wire::write_value(w, v);
}

} // namespace swill::detail
