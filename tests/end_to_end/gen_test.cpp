#include "tests/end_to_end/program.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

namespace swill::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* records = R"([{"name": "shop.price", "documentation": "What it costs",
  "request": {"streams": false, "type": {"type": "order", "arguments": {
    "sku": {"type": "str", "constraints": {"min_length": 1, "max_length_exclusive": 9}},
    "quantity": {"type": "int", "format": "int32", "optional": true, "default": 1}}}},
  "response": {"streams": false, "type": {"type": "float"}}, "errors": [404], "idempotent": true,
  "limits": {"default_deadline_ms": 500, "maximum_deadline_ms": 2000}}])";

/// `swill gen` of a file, in a directory of its own.
class Gen : public testing::Test {
protected:
  Gen() : directory_(std::filesystem::temp_directory_path() / ("swill-gen-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(directory_);
    write("api.json", records);
  }
  ~Gen() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream{path(name)} << text; }
  std::string read(const std::string& name) const {
    std::ifstream in{path(name)};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

private:
  std::filesystem::path directory_;
};

TEST_F(Gen, SaysOfAHandlerWhatTheServerSays) {
  const auto made = run_cli({"gen", "ts", "--from", path("api.json")});

  EXPECT_EQ(made.code, 0) << made.errors;
  EXPECT_THAT(made.out,
              HasSubstr("export interface Order {\n  /** length 1 to 8 */\n  sku: string;\n  /** default 1 */\n"
                        "  quantity?: number;\n}\n"));
  EXPECT_THAT(made.out, HasSubstr("    shop: {\n      /**\n       * What it costs\n       * Idempotent: "));
  EXPECT_THAT(made.out,
              HasSubstr("\n       * Deadline: 500 ms unless `timeoutMs` says otherwise, 2000 ms at most.\n"
                        "       * Errors: 404.\n       */\n"
                        "      price(data: Order, options?: CallOptions): Promise<number> {\n"
                        "        return client.call(\"shop.price\", data, { idempotent: true, ...options });\n"));
  EXPECT_THAT(made.out, HasSubstr("\"shop.price\": { shape: \"unary\", idempotent: true, deadlineMs: 500, longestMs: "
                                  "2000, errors: [404, 422] }"));
  EXPECT_THAT(made.out, HasSubstr("\"shop.price\": Failure<404> | Failure<422, Fields>;"));
}

TEST_F(Gen, LeavesAFileAloneThatWouldNotChange) {
  ASSERT_EQ(run_cli({"gen", "ts", "--from", path("api.json"), "-o", path("api.ts")}).code, 0);
  const auto before = std::filesystem::file_time_type{} + std::chrono::hours{1};
  std::filesystem::last_write_time(path("api.ts"), before);

  const auto again = run_cli({"gen", "ts", "--from", path("api.json"), "-o", path("api.ts")});
  const auto checked = run_cli({"gen", "ts", "--from", path("api.json"), "-o", path("api.ts"), "--check"});

  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(checked.code, 0);
  EXPECT_EQ(std::filesystem::last_write_time(path("api.ts")), before);
}

TEST_F(Gen, ShowsWhatIsOutOfDate) {
  ASSERT_EQ(run_cli({"gen", "ts", "--from", path("api.json"), "-o", path("api.ts")}).code, 0);
  const std::string before = read("api.ts");
  std::string newer = records;
  newer.replace(newer.find("\"sku\""), 5, "\"id\"");
  write("newer.json", newer);

  const auto checked = run_cli({"gen", "ts", "--from", path("newer.json"), "-o", path("api.ts"), "--check"});
  const auto missing = run_cli({"gen", "ts", "--from", path("newer.json"), "-o", path("none.ts"), "--check"});

  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.out, StartsWith("--- " + path("api.ts") + "\n+++ " + path("api.ts") + " (new)\n@@ -"));
  EXPECT_THAT(checked.out, HasSubstr("\n-  sku: string;\n+  id: string;\n"));
  EXPECT_THAT(checked.errors, EndsWith("is out of date: `swill gen ts` without --check makes it anew\n"));
  EXPECT_EQ(read("api.ts"), before);
  EXPECT_EQ(missing.code, 1);
  EXPECT_FALSE(std::filesystem::exists(path("none.ts")));
}

TEST_F(Gen, RefusesWhatCannotBeMeant) {
  write("text.json", "\"hello\"");
  write("broken.json", "[");
  write("typeless.json", R"([{"name": "f"}])");
  const auto problem_of = [](const std::vector<std::string>& arguments) {
    const auto made = run_cli(arguments);
    EXPECT_EQ(made.code, 1);
    EXPECT_EQ(made.out, "");
    return made.errors;
  };

  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("none.json")}), HasSubstr("there is no file"));
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("text.json")}), HasSubstr("no list of records"));
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("broken.json")}), HasSubstr("not JSON"));
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("typeless.json")}), HasSubstr("'f' has no type of its request"));
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("")}), HasSubstr("cannot be read"));
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("api.json"), "--check"}), HasSubstr("-o FILE"));
  EXPECT_THAT(problem_of({"gen", "ts", "ws://127.0.0.1:1/ws", "--from", path("api.json")}), HasSubstr("--from"));
  EXPECT_EQ(run_cli({"gen", "ts", "--from", path("api.json"), "-o", path("none/api.ts")}).code, 12);
}

} // namespace
} // namespace swill::test
