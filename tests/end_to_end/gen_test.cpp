#include "tests/end_to_end/program.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace swill::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
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

TEST_F(Gen, MakesTheSameWithoutTypes) {
  const auto made = run_cli({"gen", "js", "--from", path("api.json")});

  EXPECT_EQ(made.code, 0) << made.errors;
  EXPECT_THAT(made.out, StartsWith("// Made by `swill gen js` "));
  EXPECT_THAT(made.out, HasSubstr("export function api(client) {\n  return {\n    shop: {\n"));
  EXPECT_THAT(made.out,
              HasSubstr("      price(data, options) {\n"
                        "        return client.call(\"shop.price\", data, { idempotent: true, ...options });\n"));
  EXPECT_THAT(made.out, HasSubstr("export function isErrorOf(handler, problem) {\n  const codes = handlers"));
  EXPECT_THAT(made.out, HasSubstr("export const checkOrder = (message) => is.problemsOf(orderType, message);\n"));
  for (const char* word : {"interface ", ": unknown", "Promise<", " as const", "  type "})
    EXPECT_THAT(made.out, Not(HasSubstr(word))) << word;
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
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("text.json")}),
              testing::AllOf(HasSubstr("text.json: "), HasSubstr("no list of records")));
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("broken.json")}), HasSubstr("not JSON"));
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("typeless.json")}), HasSubstr("'f' has no type of its request"));
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("")}), HasSubstr("is neither a regular file nor a pipe"));
  EXPECT_THAT(problem_of({"gen", "ts", "--from", path("api.json"), "--check"}), HasSubstr("-o FILE"));
  EXPECT_THAT(problem_of({"gen", "ts", "ws://127.0.0.1:1/ws", "--from", path("api.json")}), HasSubstr("--from"));
  EXPECT_EQ(run_cli({"gen", "ts", "--from", path("api.json"), "-o", path("none/api.ts")}).code, 12);
}

TEST_F(Gen, SaysNothingOfErrorsWhereThereAreNoHandlers) {
  write("none.json", "[]");

  const auto made = run_cli({"gen", "ts", "--from", path("none.json")});

  EXPECT_EQ(made.code, 0);
  EXPECT_THAT(made.out, HasSubstr("export interface Errors {\n}\n"));
  EXPECT_THAT(made.out, testing::Not(HasSubstr("isErrorOf"))); // for tsc, no key of `handlers` has errors
}

TEST_F(Gen, BoundsWhatItReads) {
  write("deep.json", std::string(13'000, '[') + std::string(13'000, ']'));

  const auto deep = run_cli({"schema", "diff", path("deep.json"), path("api.json")});
  const auto argument = run_cli({"call", "x", std::string(13'000, '[') + std::string(13'000, ']')});
  write("large.json", std::string((std::size_t{64} << 20) + 1, ' '));
  const auto large = run_cli({"gen", "ts", "--from", path("large.json")});
  const auto endless = run_cli({"gen", "ts", "--from", "/dev/zero"});

  EXPECT_EQ(deep.code, 1);
  EXPECT_THAT(deep.errors, HasSubstr("deep.json: JSON that is nested more than 500 deep"));
  EXPECT_EQ(argument.code, 1);
  EXPECT_EQ(endless.code, 1);
  EXPECT_THAT(endless.errors, HasSubstr("/dev/zero is neither a regular file nor a pipe"));
  EXPECT_THAT(large.errors, HasSubstr("large.json is larger than 64 MiB"));
}

TEST_F(Gen, WritesToWhatIsNoFile) {
  const auto full = run_cli({"gen", "ts", "--from", path("api.json"), "-o", "/dev/full"});
  const auto piped = run_cli({"gen", "ts", "--from", path("api.json"), "-o", "/dev/stdout"});

  EXPECT_EQ(full.code, 12);
  EXPECT_THAT(full.errors, HasSubstr("/dev/full cannot be written: "));
  EXPECT_EQ(piped.code, 0);
  EXPECT_THAT(piped.out, HasSubstr("export interface Order"));
}

TEST_F(Gen, ReplacesAFileAsAWholeOrNotAtAll) {
  write("api.ts", "precious");
  std::filesystem::create_directory(path("api.ts.new")); // so that nothing can be written beside it

  EXPECT_EQ(run_cli({"gen", "ts", "--from", path("api.json"), "-o", path("api.ts")}).code, 12);
  EXPECT_EQ(read("api.ts"), "precious");
}

TEST_F(Gen, MakesJsonSchema) {
  write("types.json",
        R"([{"name": "f", "request": {"streams": false, "type": {"type": "order", "strict": true, "arguments": {
    "sku": {"type": "str", "constraints": {"pattern": "^[A-Z]+$", "min_length": 1, "max_length_exclusive": 9}},
    "raw": {"type": "bytes", "documentation": "a picture"},
    "at": {"type": "Union", "arguments": {"0": {"type": "datetime"}, "1": {"type": "NoneType"}}, "optional": true, "default": null},
    "marks": {"type": "dict", "arguments": {"0": {"type": "int"}, "1": {"type": "float", "constraints": {"gt": 0, "le": 1.5}}}}}}},
    "response": {"streams": true, "type": {"type": "Color", "values": {"red": "red", "blue": "blue"}}}}])");

  const auto made = run_cli({"gen", "json-schema", "--from", path("types.json")});

  EXPECT_EQ(made.code, 0) << made.errors;
  std::string compact;
  for (const char c : made.out) {
    if (c != ' ' && c != '\n') compact += c;
  }
  EXPECT_EQ(
      compact,
      R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$defs":{"Color":{"enum":["red","blue"]},)"
      R"("Order":{"type":"object","properties":{)"
      R"("sku":{"type":"string","pattern":"^[A-Z]+$","minLength":1,"maxLength":8},)"
      R"("raw":{"type":"object","properties":{"$bin":{"type":"string","contentEncoding":"base64"}},"required":["$bin"],"description":"apicture"},)"
      R"("at":{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}],"default":null},)"
      R"("marks":{"type":"object","properties":{"$map":{"type":"array","items":{"type":"array","prefixItems":[{"type":"integer"},)"
      R"({"type":"number","exclusiveMinimum":0,"maximum":1.5}],"minItems":2,"maxItems":2}}},"required":["$map"]}},)"
      R"("required":["sku","raw","marks"],"additionalProperties":false},)"
      R"("f.request":{"$ref":"#/$defs/Order"},"f.response":{"$ref":"#/$defs/Color"}}})");
}

TEST_F(Gen, MakesAPage) {
  const auto made = run_cli({"gen", "md", "--from", path("api.json")});

  EXPECT_EQ(made.code, 0) << made.errors;
  EXPECT_THAT(made.out, HasSubstr("| [`shop.price`](#shopprice) | [Order](#order) | float | What it costs |\n"));
  EXPECT_THAT(made.out, HasSubstr("\n### `shop.price`\n\nWhat it costs\n\n- **request:** [Order](#order)\n"
                                  "- **response:** float\n- **errors:** 404\n- **deadline:** 500 ms, 2000 ms at most\n"
                                  "- idempotent: "));
  EXPECT_THAT(made.out, HasSubstr("\n### Order\n\n| field | type | may be absent | |\n|---|---|---|---|\n"
                                  "| `sku` | str |  | length 1 to 8 |\n| `quantity` | int32 | yes | default 1 |\n"));
}

TEST_F(Gen, RefusesAFileThatNamesATypeThatThereIsNot) {
  std::string wrong = records;
  wrong.replace(wrong.find("\"str\""), 5, "\"strng\"");
  write("wrong.json", wrong);
  write("none.json", std::string{records}.replace(std::string_view{records}.find("\"type\": \"float\""), 15, ""));

  const auto typo = run_cli({"gen", "ts", "--from", path("wrong.json")});
  const auto none = run_cli({"gen", "md", "--from", path("none.json")});

  EXPECT_EQ(typo.code, 1);
  EXPECT_THAT(typo.errors, HasSubstr("wrong.json: shop.price: request.sku: there is no type 'strng'"));
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.errors, HasSubstr("shop.price: response has a part without a type"));
}

// In time that is proportional to the size; where it grew with its square, this took minutes.
TEST_F(Gen, TakesStructsOfManyFieldsAndNoMoreThanAllThatIsRead) {
  const auto of_fields = [](int count) {
    std::string fields;
    for (int i = 0; i < count; ++i)
      fields += (i == 0 ? "" : ", ") + ("\"f" + std::to_string(i)) + R"(": {"type": "int"})";
    return R"([{"name": "f", "request": {"streams": false, "type": {"type": "s", "arguments": {)" + fields +
           R"(}}}, "response": {"streams": false, "type": {"type": "int"}}}])";
  };
  write("many.json", of_fields(60'000));
  write("too_many.json", of_fields(100'000));

  for (const char* what : {"ts", "md", "json-schema"}) {
    const auto made = run_cli({"gen", what, "--from", path("many.json")});
    EXPECT_EQ(made.code, 0) << made.errors;
    EXPECT_THAT(made.out, HasSubstr("f59999")) << what;
  }
  EXPECT_EQ(run_cli({"schema", "diff", path("many.json"), path("many.json")}).code, 0);
  const auto refused = run_cli({"gen", "ts", "--from", path("too_many.json")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.errors, HasSubstr("or more than 100,000 parts"));
}

TEST_F(Gen, SaysOfWhatTypeTheDataOfErrorsAre) {
  write("shop.json", R"([{"name": "buy", "request": {"streams": false, "type": {"type": "str"}},
    "response": {"streams": false, "type": {"type": "int"}}, "errors": [404, 409],
    "error_data": [{"code": 409, "type": {"type": "shortage", "arguments": {
      "left": {"type": "list", "arguments": {"0": {"type": "int", "format": "int32"}}}}}}]}])");

  const auto ts = run_cli({"gen", "ts", "--from", path("shop.json")});
  const auto md = run_cli({"gen", "md", "--from", path("shop.json")});
  const auto json = run_cli({"gen", "json-schema", "--from", path("shop.json")});

  EXPECT_THAT(ts.out, HasSubstr("export interface Shortage {\n  left: number[];\n}\n"));
  EXPECT_THAT(ts.out, HasSubstr("\n  buy: Failure<404> | Failure<409, Shortage> | Failure<422, Fields>;\n"));
  EXPECT_THAT(ts.out, HasSubstr("errors: [404, 409, 422]"));
  EXPECT_THAT(md.out, HasSubstr("\n- **errors:** 404, 409 with [Shortage](#shortage)\n"));
  EXPECT_THAT(json.out, HasSubstr("\"buy.error.409\": {\n"));
}

// --- swill schema diff

/// A row of the table in docs/cli.md: what a change means in a request and in a response, and an example of it.
struct diff_row {
  std::string rule;
  std::string in_request;  ///< empty: it cannot be
  std::string in_response; ///< the same
  std::string before;      ///< a type, or with `of_record` keys of a record
  std::string after;
  bool of_record = false;
};

std::string struct_of(const std::string& fields, const std::string& more = {}) {
  return R"({"type": "s", "arguments": {)" + fields + "}" + more + "}";
}

const std::string a_int = R"("a": {"type": "int"})";

std::string data_of(const std::string& type) {
  return R"("error_data": [{"code": 409, "type": {"type": ")" + type + R"("}}])";
}
const std::string a_optional = R"("a": {"type": "int", "optional": true, "default": 1})";
const std::string two = R"({"type": "E", "values": {"x": 1, "y": 2}})";

std::vector<diff_row> diff_rows() {
  const auto with = [](const std::string& type, const std::string& rules) {
    return R"({"type": ")" + type + R"(", "constraints": {)" + rules + "}}";
  };
  const std::string integer = R"({"type": "int"})", real = R"({"type": "float"})", nil = R"({"type": "NoneType"})";
  const auto union_of = [](const std::string& parts) { return R"({"type": "Union", "arguments": {)" + parts + "}}"; };
  const std::string maybe = union_of(R"("0": {"type": "int"}, "1": {"type": "NoneType"})");
  const std::string either = union_of(R"("0": {"type": "int"}, "1": {"type": "str"})");
  return {
      {"type-changed", "breaks", "breaks", integer, R"({"type": "str"})"},
      {"type-narrowed", "breaks", "safe", real, integer},
      {"type-widened", "safe", "breaks", integer, real},
      {"type-narrowed", "breaks", "safe", R"({"type": "Any"})", nil},
      {"type-widened", "safe", "breaks", R"({"type": "E", "values": {"x": "x"}})", R"({"type": "str"})"},
      {"nil-removed", "breaks", "safe", maybe, integer},
      {"nil-added", "safe", "breaks", integer, maybe},
      {"alternative-removed", "breaks", "safe", either, integer},
      {"alternative-added", "safe", "breaks", integer, either},
      {"range-narrowed", "breaks", "safe", integer, R"({"type": "int", "format": "int32"})"},
      {"range-widened", "safe", "breaks", R"({"type": "int", "format": "uint8"})", integer},
      {"unit-changed", "breaks", "breaks", R"({"type": "int", "unit": "s"})", R"({"type": "int", "unit": "ms"})"},
      {"tuple-resized", "breaks", "breaks", R"({"type": "tuple", "arguments": {"0": {"type": "int"}}})",
       R"({"type": "tuple", "arguments": {"0": {"type": "int"}, "1": {"type": "int"}}})"},
      {"value-removed", "breaks", "safe", two, R"({"type": "E", "values": {"x": 1}})"},
      {"value-added", "safe", "breaks", R"({"type": "E", "values": {"y": 2}})", two},
      {"values-changed", "breaks", "breaks", two, R"({"type": "E", "values": {"x": 1, "y": 3}})"},
      {"struct-renamed", "risky", "risky", struct_of(a_int), R"({"type": "t", "arguments": {)" + a_int + "}}"},
      {"array-or-map", "breaks", "breaks", struct_of(a_int), struct_of(a_int, R"(, "as_array": true)")},
      {"array-order", "breaks", "breaks", struct_of(a_int + R"(, "b": {"type": "int"})", R"(, "as_array": true)"),
       struct_of(R"("b": {"type": "int"}, )" + a_int, R"(, "as_array": true)")},
      {"strict", "risky", "safe", struct_of(a_int), struct_of(a_int, R"(, "strict": true)")},
      {"strict", "safe", "safe", struct_of(a_int, R"(, "strict": true)"), struct_of(a_int)},
      {"omit-defaults", "", "breaks", struct_of(a_optional), struct_of(a_optional, R"(, "omit_defaults": true)")},
      {"omit-defaults", "", "safe", struct_of(a_optional, R"(, "omit_defaults": true)"), struct_of(a_optional)},
      {"field-removed", "risky", "breaks", struct_of(a_int), struct_of("")},
      {"field-removed", "breaks", "breaks", struct_of(a_int, R"(, "strict": true)"),
       struct_of("", R"(, "strict": true)")},
      {"required-field-added", "breaks", "", struct_of(""), struct_of(a_int)},
      {"field-added", "safe", "safe", struct_of(""), struct_of(a_optional)},
      {"field-added-to-strict", "", "breaks", struct_of("", R"(, "strict": true)"),
       struct_of(a_int, R"(, "strict": true)")},
      {"field-required", "breaks", "safe", struct_of(a_optional), struct_of(a_int)},
      {"field-optional", "safe", "safe", struct_of(a_int), struct_of(a_optional)},
      {"default-changed", "risky", "safe", struct_of(a_optional),
       struct_of(R"("a": {"type": "int", "optional": true, "default": 2})")},
      {"rule-tightened", "breaks", "safe", with("int", R"("ge": 0)"), with("int", R"("gt": 0)")},
      {"rule-tightened", "breaks", "safe", with("str", ""), with("str", R"("max_length_exclusive": 9)")},
      {"rule-tightened", "breaks", "safe", with("str", R"("one_of": ["a", "b"])"), with("str", R"("one_of": ["b"])")},
      {"rule-tightened", "breaks", "safe", with("int", R"("multiple_of": 3)"), with("int", R"("multiple_of": 6)")},
      {"rule-tightened", "breaks", "safe", with("str", ""), with("str", R"("predicates": ["no"])")},
      {"rule-tightened", "breaks", "safe", struct_of(a_int), struct_of(a_int, R"(, "rules": ["no"])")},
      {"rule-relaxed", "safe", "risky", with("float", R"("lt": 1)"), with("float", R"("le": 1)")},
      {"rule-relaxed", "safe", "risky", with("str", R"("min_length": 2)"), with("str", R"("min_length": 1)")},
      {"rule-changed", "breaks", "risky", with("str", R"("pattern": "a")"), with("str", R"("pattern": "b")")},
      {"streaming-changed", "breaks", "breaks", R"("streams")", R"("streams")"},
      {"handler-removed", "breaks", "breaks", R"("gone": 1)", "", true},
      {"handler-added", "safe", "safe", "", R"("gone": 1)", true},
      {"error-added", "risky", "risky", R"("errors": [404])", R"("errors": [404, 409])", true},
      {"error-removed", "safe", "safe", R"("errors": [404])", R"("errors": [])", true},
      {"error-data", "safe", "safe", R"("errors": [409])", R"("errors": [409], )" + data_of("int"), true},
      {"error-data", "risky", "risky", R"("errors": [409], )" + data_of("int"), R"("errors": [409])", true},
      {"type-widened", "breaks", "breaks", R"("errors": [409], )" + data_of("int"),
       R"("errors": [409], )" + data_of("float"), true},
      {"not-idempotent", "breaks", "breaks", R"("idempotent": true)", "", true},
      {"idempotent", "safe", "safe", "", R"("idempotent": true)", true},
      {"endless", "risky", "risky", "", R"("endless": true)", true},
      {"limit-lowered", "risky", "risky", R"("limits": {"message_size": 9})", R"("limits": {"message_size": 8})", true},
      {"limit-lowered", "risky", "risky", "", R"("limits": {"default_deadline_ms": 8})", true},
      {"limit-raised", "safe", "safe", R"("limits": {"maximum_deadline_ms": 8})",
       R"("limits": {"maximum_deadline_ms": 9})", true},
  };
}

class SchemaDiff : public Gen {
protected:
  /// The records of a server whose handler `f` has that on one side, and nothing on the other.
  static std::string records_of(const std::string& type, bool is_request, bool streams) {
    const std::string here = R"({"streams": )" + std::string{streams ? "true" : "false"} + R"(, "type": )" + type + "}";
    const std::string there = R"({"streams": false, "type": {"type": "NoneType"}})";
    return R"([{"name": "f", "request": )" + (is_request ? here : there) + R"(, "response": )" +
           (is_request ? there : here) + "}]";
  }
  static std::string records_with(const std::string& keys) {
    const std::string nothing = R"({"streams": false, "type": {"type": "NoneType"}})";
    const bool is_handler = keys.starts_with("\"gone\"");
    const auto record = [&](const std::string& name, const std::string& more) {
      return R"({"name": ")" + name + R"(", "request": )" + nothing + R"(, "response": )" + nothing +
             (more.empty() ? "" : ", " + more) + "}";
    };
    return "[" + record("f", is_handler ? "" : keys) + (is_handler ? ", " + record("gone", "") : "") + "]";
  }

  /// "impact rule" of each change, one in a line.
  std::string changes(const std::string& before, const std::string& after, int code) const {
    write("before.json", before);
    write("after.json", after);
    const auto said = run_cli({"schema", "diff", path("before.json"), path("after.json")});
    EXPECT_EQ(said.code, code) << said.out << said.errors;
    std::istringstream lines{said.out};
    std::string all, line, what, handler, rule;
    while (std::getline(lines, line)) {
      std::istringstream{line} >> what >> handler >> rule;
      all += what + " " + rule + "\n";
    }
    return all;
  }
};

TEST_F(SchemaDiff, SaysOfEachRuleWhatItMeans) {
  for (const diff_row& row : diff_rows()) {
    for (const bool is_request : {true, false}) {
      const std::string& wanted = is_request ? row.in_request : row.in_response;
      SCOPED_TRACE(row.rule + (is_request ? " in a request: " : " in a response: ") + row.before + " → " + row.after);
      if (wanted.empty()) continue;
      const bool streams = row.rule == "streaming-changed";
      const auto records_of_row = [&](const std::string& what, bool is_after) {
        if (row.of_record) return records_with(what);
        return records_of(streams ? R"({"type": "int"})" : what, is_request, streams && is_after);
      };
      EXPECT_EQ(changes(records_of_row(row.before, false), records_of_row(row.after, true), wanted == "breaks" ? 1 : 0),
                wanted + " " + row.rule + "\n");
    }
  }
}

TEST_F(SchemaDiff, HasATestForEachRowOfTheTable) {
  std::ifstream page{SWILL_SOURCE_DIR "/docs/cli.md"};
  std::set<std::string> in_table, tested;
  for (std::string line; std::getline(page, line);) {
    std::smatch row;
    static const std::regex of_table{R"(\| `([a-z-]+)` \| (breaks|risky|safe|) ?\| (breaks|risky|safe|) ?\| .*)"};
    if (std::regex_match(line, row, of_table)) in_table.insert(row[1].str() + " " + row[2].str() + " " + row[3].str());
  }
  for (const diff_row& row : diff_rows()) tested.insert(row.rule + " " + row.in_request + " " + row.in_response);

  EXPECT_EQ(in_table.size(), 40);
  for (const std::string& row : in_table) EXPECT_TRUE(tested.contains(row)) << row;
}

TEST_F(SchemaDiff, NamesThePlaceAndFindsNoChangeWhereThereIsNone) {
  const std::string before = struct_of(
      R"("list": {"type": "list", "arguments": {"0": {"type": "dict", "arguments": {"0": {"type": "str"}, "1": {"type": "int"}}}}})");
  const std::string after = struct_of(
      R"("list": {"type": "list", "arguments": {"0": {"type": "dict", "arguments": {"0": {"type": "str"}, "1": {"type": "int", "constraints": {"ge": 1}}}}}})");
  const std::string tree = struct_of(R"("left": {"type": "s"})");
  write("tree.json", records_of(tree, true, false));

  EXPECT_EQ(changes(records_of(before, true, false), records_of(after, true, false), 1), "breaks rule-tightened\n");
  const auto said = run_cli({"schema", "diff", path("before.json"), path("after.json"), "--json"});
  EXPECT_THAT(
      said.out,
      StartsWith(
          R"({"breaks":1,"risky":0,"safe":0,"changes":[{"impact":"breaks","rule":"rule-tightened","handler":"f",)"
          R"("place":"request.list[]{}","text":"at least 1, was no bound"}]})"));
  EXPECT_THAT(said.errors, HasSubstr("1 change breaks clients"));
  EXPECT_EQ(run_cli({"schema", "diff", path("tree.json"), path("tree.json")}).out, "no change\n");
  EXPECT_EQ(run_cli({"schema", "diff", path("tree.json"), path("none.json")}).code, 1);
}

} // namespace
} // namespace swill::test
