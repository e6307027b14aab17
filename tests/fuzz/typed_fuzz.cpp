// Any well-formed message is decoded into types of every kind or refused; what was decoded encodes, and decodes again to the same.

#include "tests/api/types_contract.hpp"

#include <cstdlib>
#include <set>

namespace {

struct link {
  int n = 0;
  std::shared_ptr<link> next;
};
template <class D>
void describe(D& d, link& l) {
  d.field("n", l.n);
  d.field("next", l.next);
}

using time_point = std::chrono::system_clock::time_point;

struct rich {
  std::vector<std::variant<contract::point, contract::vec, std::int64_t, std::string, std::monostate>> shapes;
  std::map<std::int64_t, std::set<std::uint16_t>> sets;
  std::unordered_map<std::string, std::array<float, 2>> pairs;
  std::optional<contract::color> paint;
  contract::level level = contract::level::low;
  time_point when;
  swill::bytes data;
  swill::value any;
  swill::raw kept;
  std::shared_ptr<link> chain;
};
template <class D>
void describe(D& d, rich& r) {
  d.omit_defaults();
  d.field("shapes", r.shapes, swill::defaulted{}, swill::length{.max = 9});
  d.field("sets", r.sets, swill::defaulted{}, swill::keys{swill::ge{0}},
          swill::values{swill::each{swill::multiple_of{2}}});
  d.field("pairs", r.pairs, swill::defaulted{});
  d.field("paint", r.paint);
  d.field("level", r.level, swill::defaulted{});
  d.field("when", r.when, swill::defaulted{});
  d.field("data", r.data, swill::defaulted{});
  d.field("any", r.any, swill::defaulted{});
  d.field("kept", r.kept, swill::defaulted{});
  d.field("chain", r.chain);
}

/// Bytes that nobody has looked at are taken only if a look finds nothing, and give the same.
template <class T>
void decode_unchecked(swill::bytes_view message, const swill::limits& limits) {
  T once{};
  std::optional<swill::error> failure;
  if (!swill::detail::decode_data(message, limits, false, once, failure)) return;
  swill::wire::reader whole{message};
  std::size_t values = 0;
  if (whole.scan(limits.nesting - 1, values) != swill::wire::scan_status::ok || !whole.at_end()) std::abort();
  if (values > limits.elements_on_loop || values > limits.elements) std::abort();
  T again{};
  if (!swill::decode_message(message, limits, again, failure)) std::abort();
  if (typed::encode(once).size() != typed::encode(again).size()) std::abort();
}

template <class T>
void decode_and_back(swill::bytes_view message, const swill::limits& limits) {
  T first{};
  std::optional<swill::error> failure;
  if (!swill::decode_message(message, limits, first, failure)) {
    if (!failure || (failure->code == 422 && failure->data.get_if<swill::value_map>() == nullptr)) std::abort();
    typed::encode(failure->data); // an ERROR can carry it
    return;
  }
  const swill::bytes once = typed::encode(first);
  T second{};
  swill::limits generous; // what was small may have been written larger: ints as floats, times as timestamps
  if (!swill::decode_message(once, generous, second, failure)) std::abort();
  // Of unordered containers the order may differ, so lengths stand for equality.
  if (typed::encode(second).size() != once.size()) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const swill::bytes_view message{reinterpret_cast<const std::byte*>(data), size};
  swill::limits limits;
  limits.decoded_size = 1 << 20;
  limits.elements_on_loop = 50;
  decode_unchecked<rich>(message, limits);
  decode_unchecked<contract::order>(message, limits);
  decode_unchecked<contract::tree>(message, limits);
  decode_unchecked<std::vector<contract::segment>>(message, limits);
  swill::wire::reader whole{message};
  if (!whole.skip(limits.nesting) || !whole.at_end()) return 0;
  decode_and_back<rich>(message, limits);
  decode_and_back<contract::order>(message, limits);
  decode_and_back<contract::create_user>(message, limits);
  decode_and_back<contract::tree>(message, limits);
  decode_and_back<std::vector<contract::segment>>(message, limits);
  decode_and_back<std::variant<contract::sparse, contract::vec, std::map<std::string, swill::value>, double>>(message,
                                                                                                              limits);
  return 0;
}
