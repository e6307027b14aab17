// Not a test: what docs/decisions/0010-reading-messagepack.md measures. Run in a release build:
//   build/release/bin/test_wire --gtest_also_run_disabled_tests --gtest_filter='CodecBench.*'
#include "libswill/wire/envelope.hpp"

#include "tests/wire/hex.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>
#include <msgpack.hpp>

namespace swill::wire {
namespace {

/// Prints the best of several rounds.
template <class F>
void measure(const char* name, F once) {
  using clock = std::chrono::steady_clock;
  constexpr int calls = 500'000;
  double best = 1e9;
  for (int round = 0; round < 9; ++round) {
    const auto begin = clock::now();
    for (int i = 0; i < calls; ++i) once();
    best = std::min(best, std::chrono::duration<double, std::nano>(clock::now() - begin).count() / calls);
  }
  std::printf("%-44s %7.1f ns\n", name, best);
}

/// Keeps a result that nobody reads from being optimized away.
void keep(std::int64_t i) {
  static volatile std::int64_t sink;
  sink = i;
}

TEST(CodecBench, DISABLED_DecodesAndEncodesOneAdd) {
  const bytes request = from_hex("93cd1234920102a3616464");
  const limits limits;
  buffer out;

  measure("decode [4660, [1, 2], \"add\"], libswill/wire", [&] {
    const decoded_request r = decode_request(request, limits);
    reader data{r.envelope.data};
    std::uint32_t n = 0;
    std::int64_t a = 0;
    std::int64_t b = 0;
    if (data.read_array(n) && data.read_int(a) && data.read_int(b)) keep(a + b);
  });
  measure("the same, msgpack::unpack", [&] {
    const auto handle = msgpack::unpack(as_text(request).data(), request.size());
    const msgpack::object* e = handle.get().via.array.ptr;
    const auto seq = e[0].as<std::uint64_t>();
    const msgpack::object* args = e[1].via.array.ptr;
    if (seq != 0 && e[2].via.str.size == 3) keep(args[0].as<std::int64_t>() + args[1].as<std::int64_t>());
  });
  measure("encode [4660, 3, 0, nil, nil], libswill/wire", [&] {
    out.clear();
    writer to{out};
    begin_response(to, 4660);
    to.integer(3);
    end_response(to, response_type::message);
    keep(static_cast<std::int64_t>(out.size()));
  });
}

} // namespace
} // namespace swill::wire
