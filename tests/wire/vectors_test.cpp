// The golden envelopes in tests/wire/vectors: <requests or responses>/<what decoding them must say>/<name>.msgpack.
#include "libswill/wire/envelope.hpp"

#include "tests/wire/hex.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <vector>

namespace swill::wire {
namespace {

struct golden {
  std::string name;
  bytes message;
};

std::vector<golden> load(std::string_view directory) {
  std::vector<golden> out;
  const auto root = std::filesystem::path{SWILL_SOURCE_DIR} / "tests/wire/vectors" / directory;
  for (const auto& entry : std::filesystem::directory_iterator{root}) {
    std::ifstream file{entry.path(), std::ios::binary};
    const std::string content{std::istreambuf_iterator<char>{file}, {}};
    const bytes_view b = as_bytes(content);
    out.push_back({entry.path().filename(), {b.begin(), b.end()}});
  }
  EXPECT_FALSE(out.empty()) << root;
  return out;
}

TEST(Vectors, RequestsDecodeAsTheirDirectorySays) {
  const std::vector<std::pair<std::string_view, decode_status>> directories = {
      {"requests/ok", decode_status::ok},
      {"requests/bad_request", decode_status::bad_request},
      {"requests/undecodable", decode_status::undecodable}};
  for (const auto& [directory, expected] : directories) {
    for (const golden& g : load(directory)) {
      const decoded_request r = decode_request(g.message, {});

      EXPECT_EQ(r.status, expected) << g.name << ": " << r.problem;
    }
  }
}

TEST(Vectors, RequestsSurviveBeingWritten) {
  for (const golden& g : load("requests/ok")) {
    const request_envelope e = decode_request(g.message, {}).envelope;

    buffer out;
    writer to{out};
    write_request(to, e.seq, e.data, e.rpc, e.type, e.metadata);
    const decoded_request again = decode_request(out.view(), {});

    EXPECT_EQ(again.status, decode_status::ok) << g.name;
    EXPECT_EQ(again.envelope.seq, e.seq) << g.name;
    EXPECT_EQ(to_hex(again.envelope.data), to_hex(e.data)) << g.name;
    EXPECT_EQ(again.envelope.rpc, e.rpc) << g.name;
    EXPECT_EQ(again.envelope.type, e.type) << g.name;
    EXPECT_EQ(to_hex(again.envelope.metadata), to_hex(e.metadata)) << g.name;
  }
}

TEST(Vectors, ResponsesAreWrittenByteForByte) {
  for (const golden& g : load("responses/ok")) {
    const decoded_response r = decode_response(g.message, {});

    const std::string again = written([&e = r.envelope](writer& w) {
      begin_response(w, e.seq);
      w.raw(e.data);
      end_response(w, e.type, e.leading, e.trailing);
    });

    EXPECT_EQ(r.status, decode_status::ok) << g.name;
    EXPECT_EQ(again, to_hex(g.message)) << g.name;
  }
}

} // namespace
} // namespace swill::wire
