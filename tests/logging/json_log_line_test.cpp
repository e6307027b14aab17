#include "libswill/logging/logging.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace swill {
namespace {

using nlohmann::json;

TEST(JsonLogLine, HasWhatThereIsUnderItsName) {
  const std::string trace(32, 'a');
  const log_field fields[]{{"n", -3}, {"u", 7U}, {"r", 0.5}, {"b", true}, {"t", "word"}, {"no number", std::nan("")}};
  json line = json::parse(json_log_line({.level = log_level::warning,
                                         .text = "said",
                                         .connection = "c",
                                         .rpc = "f",
                                         .seq = 1,
                                         .room = log_room::redis,
                                         .user = "ann",
                                         .trace = trace,
                                         .fields = fields}));

  EXPECT_THAT(line["time"].get<std::string>(), testing::MatchesRegex("20..-..-..T..:..:..\\....Z"));
  line.erase("time");
  EXPECT_EQ(line, json::parse(R"({"level": "warning", "room": "redis", "text": "said", "connection": "c", "user": "ann",
      "rpc": "f", "seq": 1, "trace": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "fields": {"n": -3, "u": 7, "r": 0.5, "b": true, "t": "word", "no number": null}})"));
}

TEST(JsonLogLine, LeavesOutWhatThereIsNot) {
  EXPECT_EQ(json::parse(json_log_line({.level = log_level::info, .text = "started"})).size(), 4U);
}

TEST(JsonLogLine, IsOneLineOfAsciiWhateverAPeerWrites) {
  const std::string forged = "x\"}\n{\"level\": \"error\", \"text\": \"\x1b[2J\xff\xe2\x80\xae\xc2\x9b";
  const log_field fields[]{{forged, forged}};
  const std::string line =
      json_log_line({.level = log_level::info, .text = forged, .rpc = forged, .user = forged, .fields = fields});

  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_TRUE(std::all_of(line.begin(), line.end() - 1, [](char c) { return c >= ' ' && c < 127; })) << line;
  const json back = json::parse(line);
  EXPECT_EQ(back["level"], "info");
  EXPECT_EQ(back["user"], "x\"}\n{\"level\": \"error\", \"text\": \"\x1b[2J\xef\xbf\xbd\xe2\x80\xae\xc2\x9b");
  EXPECT_EQ(back["fields"].size(), 1U);
}

TEST(JsonLogLine, IsCut) {
  const std::string much(1'000'000, 'x');
  const log_field fields[]{{much, much}};

  EXPECT_LT(json_log_line({.level = log_level::info, .text = much, .rpc = much, .user = much, .fields = fields}).size(),
            72'000U);
}

} // namespace
} // namespace swill
