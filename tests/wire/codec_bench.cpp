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
void keep(std::int64_t i) { asm volatile("" : : "r"(i) : "memory"); }

TEST(CodecBench, DISABLED_DecodesAndEncodesOneAdd) {
  const bytes request = from_hex("93cd1234920102a3616464");
  const limits limits;
  volatile std::uint64_t seq = 4660; // unknown to the compiler
  volatile std::int64_t sum = 3;
  buffer out;
  msgpack::sbuffer packed;

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
    const auto id = e[0].as<std::uint64_t>();
    const msgpack::object* args = e[1].via.array.ptr;
    if (id != 0 && e[2].via.str.size == 3) keep(args[0].as<std::int64_t>() + args[1].as<std::int64_t>());
  });
  measure("only well-formedness, msgpack::parse", [&] {
    msgpack::null_visitor nobody;
    std::size_t length = 0;
    if (msgpack::parse(as_text(request).data(), request.size(), length, nobody))
      keep(static_cast<std::int64_t>(length));
  });
  measure("encode [4660, 3, 0, nil, nil], libswill/wire", [&] {
    out.clear();
    writer to{out};
    begin_response(to, seq);
    to.integer(sum);
    end_response(to, response_type::message);
    keep(std::to_integer<int>(out.data()[out.size() - 1]));
  });
  measure("the same, msgpack::packer", [&] {
    packed.clear();
    msgpack::packer<msgpack::sbuffer> to{packed};
    to.pack_array(5).pack_uint64(seq).pack_int64(sum).pack_uint8(0).pack_nil().pack_nil();
    keep(packed.data()[packed.size() - 1]);
  });
}

} // namespace
} // namespace swill::wire
