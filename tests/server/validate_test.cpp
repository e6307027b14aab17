#include "libswill/api/app.hpp"

#include "libswill/server/server.hpp"
#include "libswill/server/test_client.hpp"
#include "tests/support/mistakes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace validated {

using namespace std::chrono_literals;
using namespace swill;
using swill::test::mistakes_of;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

enum class twice { one, other };
template <class D>
void describe(D& d, twice&) {
  d.value("red", twice::one);
  d.value("red", twice::other);
}

using texts = std::vector<std::string>;

texts mistakes_of(const server_options& o) { return swill::test::mistakes_of<server_options>(o); }

TEST(Validate, FindsLimitsThatMakeNoSense) {
  app a;
  a.limits().nesting = 300;
  a.limits().send_buffer = 1;
  a.limits().message_timeout = -5ms;
  a.limits().ping_interval = std::chrono::milliseconds::max();
  a.limits().default_deadline = 60s;
  a.limits().maximum_deadline = 30s;
  a.limits().server_memory = 1024;
  a.limits().connection_memory = 1024;
  EXPECT_THAT(
      mistakes_of(a),
      UnorderedElementsAre(
          "limits.nesting: is 300; 2 to 256 would be right", "limits.send_buffer: is 1; 2 or more would be right",
          "limits.message_timeout: is -5 ms; 1 ms or more would be right",
          "limits.ping_interval: is 9223372036854775807 ms; 0 ms to 36500 d would be right",
          "limits.default_deadline: is 1 min, longer than limits.maximum_deadline (30 s); at most that would be right",
          "limits.server_memory: is 1024; 0, or 8 times limits.message_size (8388608) or more would be right",
          "limits.message_size: is 1048576, more than limits.connection_memory (1024), which keeps a message until it "
          "is complete; at most that would be right, or a limits.connection_memory of 1048576 or more"));
}

TEST(Validate, TakesLimitsAtTheirBounds) {
  app a;
  for (const std::size_t nesting : {2, 256}) {
    a.limits().nesting = nesting;
    EXPECT_THAT(mistakes_of(a), IsEmpty());
  }
  a.limits().default_deadline = a.limits().maximum_deadline = 30s;
  a.limits().server_memory = 8 * a.limits().message_size;
  a.limits().connection_memory = a.limits().message_size;
  EXPECT_THAT(mistakes_of(a), IsEmpty());
  a.limits().connection_memory -= 1;
  EXPECT_EQ(mistakes_of(a).size(), 1U);
}

TEST(Validate, FindsNamesThatAHandlerCannotHave) {
  app a;
  const auto f = [](request<>) {};
  a.handle("swill.mine", f);
  a.handle("two\nlines", f);
  a.handle("\xff", f);
  a.handle("swill", f);
  a.handle("größer.als", f);
  a.handle("   ", f);
  a.handle(" before", f);
  a.handle("after ", f);
  a.handle("with in", f);
  EXPECT_THAT(
      mistakes_of(a),
      ElementsAre("handlers.swill.mine: names that begin with \"swill.\" are the library's; any other would be right",
                  testing::StartsWith("handlers.two\\"),
                  testing::StartsWith("handlers.\\xff: its name holds control characters"),
                  testing::StartsWith("handlers.   : its name begins or ends with a space"),
                  testing::StartsWith("handlers. before: its name begins or ends with a space"),
                  testing::StartsWith("handlers.after : its name begins or ends with a space")));
}

// --- Functions that are null

struct shop {
  int get(request<>) const { return 1; }
};

TEST(Validate, FindsHandlersThatAreNull) {
  using function = int (*)(request<int>);
  app a;
  a.handle("pointer", function{});
  a.handle("function", std::function<int(request<int>)>{});
  a.handle("blocking", blocking(function{}));
  a.handle("object", &shop::get, static_cast<shop*>(nullptr));
  a.handle("shared", &shop::get, std::shared_ptr<shop>{});
  a.handle("member", static_cast<int (shop::*)(request<>) const>(nullptr), shop{});
  a.handle("good", function{[](request<int> r) { return r.data(); }});
  a.handle("also good", std::function<int(request<int>)>{[](request<int> r) { return r.data(); }});
  a.handle("good object", &shop::get, std::make_shared<shop>());
  texts expected;
  for (const char* name : {"pointer", "function", "blocking", "object", "shared", "member"})
    expected.push_back(std::string{"handlers."} + name +
                       ": its function is null, or its object or actor; what can be called would be right");
  EXPECT_EQ(mistakes_of(a), expected);
}

TEST(Validate, FindsHooksAndRulesThatAreNull) {
  using hook = void (*)(context&);
  using rule = std::function<bool(context&)>;
  app a;
  blueprint inner{"inner"};
  inner.handle("f", [](request<>) {}, {.tags = {"x"}});
  inner.before_request(hook{});
  inner.require("x", rule{});
  inner.on_error(404, std::function<error(context&, error)>{});
  a.mount(std::move(inner));
  a.before_request([](context&) {});
  a.require(rule{});
  a.before_request_metadata(hook{});
  a.before_request_data(hook{});
  a.before_request_message(hook{});
  a.before_leading_metadata(hook{});
  a.before_response_message(hook{});
  a.before_trailing_metadata(hook{});
  a.after_request(std::function<task<void>(context&, const outcome&)>{});
  a.on_exception<std::bad_alloc>(std::function<error(context&, const std::bad_alloc&)>{});
  a.before_connection(std::function<void(connection&)>{});
  a.before_accept(std::function<void(connection&)>{});
  a.after_accept(std::function<void(connection&)>{});
  a.after_connection(std::function<void(connection&)>{});
  a.introspection(rule{});
  a.on_describe({});
  texts expected;
  for (const char* name :
       {"before_request[1]", "before_request_metadata[0]", "before_request_data[0]", "before_request_message[0]",
        "before_leading_metadata[0]", "before_response_message[0]", "before_trailing_metadata[0]", "after_request[0]",
        "on_exception[0]", "before_connection[0]", "before_accept[0]", "after_accept[0]", "after_connection[0]",
        "introspection[0]", "on_describe[0]", "inner.before_request[0]", "inner.before_request[1]",
        "inner.on_error[404]"})
    expected.push_back(std::string{"hooks."} + name + ": is null; a function would be right");
  EXPECT_EQ(mistakes_of(a), expected);
}

TEST(Validate, FindsOptionsOfHandlersThatMakeNoSense) {
  app a;
  a.handle("late", [](request<>) {}, {.default_deadline = 2s, .maximum_deadline = 1s});
  a.handle("negative", [](request<>) {}, {.maximum_deadline = -1s});
  a.handle("large", [](request<>) {}, {.message_size = a.limits().message_size + 1});
  a.handle("none", [](request<>) {}, {.queued_bytes = 1, .endless = true});
  a.handle("foreign", [](request<>) {}, {.doc = "gr\xfc\xdf", .tags = {"a\tb"}});
  a.handle("right", [](streaming_request<int> in) -> stream<int> { co_await in.next(); },
           {.default_deadline = 1s,
            .maximum_deadline = 1s,
            .message_size = 1,
            .queued_bytes = 1,
            .endless = true,
            .tags = {"x"}});
  EXPECT_THAT(
      mistakes_of(a),
      ElementsAre(
          "handlers.late.default_deadline: is 2 s, longer than its maximum_deadline (1 s); at most that would be right",
          "handlers.negative.maximum_deadline: is -1 s; 0 ms or more would be right",
          testing::StartsWith("handlers.large.message_size: is 1048577, more than limits.message_size (1048576)"),
          testing::StartsWith("handlers.none.queued_bytes: has no effect"),
          testing::StartsWith("handlers.none.endless: has no effect"),
          testing::StartsWith("handlers.foreign.tags: a tag is empty, or holds control characters"),
          testing::StartsWith("handlers.foreign.documentation: is text that is not UTF-8")));
}

std::string what_of(const app& a) {
  try {
    a.validate();
  } catch (const invalid_configuration& e) {
    return e.what();
  }
  return {};
}

TEST(Validate, WantsMessagesThatHoldACallOfIntrospection) {
  constexpr std::int64_t largest_seq = (std::int64_t{1} << 53) - 1;
  const value call = value::array({largest_seq, nullptr, "swill.introspect"});
  ASSERT_EQ(detail::encoded_message(call).size(), 28U);
  app a;

  a.limits().message_size = 27;
  EXPECT_EQ(mistakes_of(a), (texts{"limits.message_size: is 27; 28 or more would be right"}));

  a.limits().message_size = 28;
  a.handle("one", [](request<>) { return 1; });
  EXPECT_THAT(mistakes_of(a), IsEmpty());
  test_server server{a};
  EXPECT_EQ(test_client{server}.collect("swill.introspect").size(), 1U);
}

TEST(Validate, SumsUpWhatIsSaidOfManyHandlers) {
  app a;
  a.limits().rpc_name = 5;
  a.limits().message_size = a.limits().elements = a.limits().problems = a.limits().connections = 0;
  a.limits().requests_per_connection = a.limits().stream_quantum = 0; // six that say the same of themselves
  for (int i = 0; i < 7; ++i) a.handle("longer" + std::string(static_cast<std::size_t>(i), 'r'), [](request<>) {});
  const std::string what = what_of(a);

  EXPECT_EQ(std::count(what.begin(), what.end(), '\n'), 6 + 5) << what;
  EXPECT_THAT(what, testing::EndsWith("handlers.longerrrrr: its name has 10 bytes: more than limits.rpc_name (5), so "
                                      "that nobody can call it\nand 2 more like this"));
  EXPECT_EQ(mistakes_of(a).size(), 6U + 7U) << "who asks for all gets all";
}

TEST(Validate, SaysNothingOfOneMore) {
  app a;
  a.limits().rpc_name = 5;
  for (int i = 0; i < 5; ++i) a.handle("longer" + std::string(static_cast<std::size_t>(i), 'r'), [](request<>) {});
  EXPECT_THAT(what_of(a), testing::Not(testing::HasSubstr("more like this")));
}

// --- Plugins

class part final : public plugin {
public:
  explicit part(std::string kind, const plugin* needed = nullptr) : kind_(std::move(kind)), needed_(needed) {}
  std::string_view kind() const noexcept override { return kind_; }
  const plugin* needs() const noexcept override { return needed_; }
  void check(mistake_list& out) const override {
    if (kind_ == "bad") out.add("part.size", "is 0; 1 or more would be right");
  }
  void install(app& a) override {
    if (!kind_.empty()) a.handle("swill." + kind_ + ".get", [](request<>) { return 1; });
  }
  void start(actors::runtime&) override {}
  void stop(std::function<void()> done) override { done(); }

private:
  std::string kind_;
  const plugin* needed_;
};

TEST(Validate, FindsPluginsThatAppsCannotHaveSo) {
  app a;
  const auto bus = std::make_shared<part>("bus");
  a.use(nullptr);
  a.use(std::make_shared<part>("list", bus.get()));
  EXPECT_EQ(a.use(bus), bus);
  a.use(bus);
  a.use(std::make_shared<part>("bus"));
  a.use(std::make_shared<part>("bad"));
  EXPECT_THAT(mistakes_of(a),
              ElementsAre("plugins[0]: app.use was given null; a plugin would be right",
                          "plugins.list: needs bus, which must be given to app.use before it",
                          "plugins.bus: app.use was given it twice; once would be right",
                          "plugins.bus: an app can have only one of these; app.use, or app.spawn, was given two",
                          "part.size: is 0; 1 or more would be right"));
}

TEST(Validate, TakesSeveralPluginsWithoutAKind) {
  app a;
  a.use(std::make_unique<part>(""));
  a.use(std::make_shared<part>(""));
  const auto bus = a.use(std::make_shared<part>("bus"));
  a.use(std::make_shared<part>("list", bus.get()));
  EXPECT_THAT(mistakes_of(a), IsEmpty());
}

// --- Servers

TEST(Validate, FindsOptionsOfAServerThatMakeNoSense) {
  EXPECT_THAT(mistakes_of({.listen = {"127.0.0.1"}, .path = "ws", .origins = {"example.org"}, .io_threads = 100'000}),
              ElementsAre(testing::StartsWith("server_options.listen[0]: listen address '127.0.0.1'"),
                          testing::StartsWith("server_options.origins[0]: origin 'example.org' can never match"),
                          "server_options.path: is \"ws\"; a path begins with a slash: \"/ws\" would be right",
                          "server_options.io_threads: is 100000; 0 to 1024 would be right"));
  EXPECT_THAT(mistakes_of({.listen = {}, .path = "/a?b", .origins = {"*"}}),
              ElementsAre(testing::StartsWith("server_options.origins: has no effect"),
                          testing::StartsWith("server_options.path: is \"/a?b\"")));
  EXPECT_THAT(mistakes_of({.path = "/ready"}), testing::SizeIs(1));
  EXPECT_THAT(mistakes_of({.path = "ws://h/a"}),
              ElementsAre("server_options.path: is \"ws://h/a\"; a path begins with a slash: \"/a\" would be right"));
  for (const char* path : {"ws://h/ready", "a b"}) // what would be refused itself is not suggested
    EXPECT_THAT(mistakes_of({.path = path}),
                ElementsAre(testing::EndsWith(std::string{path} + "\"; a path begins with a slash")));
  EXPECT_THAT(
      mistakes_of({.listen = {"0.0.0.0:1,127.0.0.1:2"}}),
      ElementsAre("server_options.listen[0]: listen address '0.0.0.0:1,127.0.0.1:2': one string is one address; "
                  "{\"0.0.0.0:1\", \"127.0.0.1:2\"} would be right"));
  EXPECT_THAT(
      mistakes_of({.listen = {"[::1]:1", "127.0.0.1:0", "127.0.0.1:0", internal_listener("[::1]:1")}}),
      ElementsAre(
          "server_options.listen[3]: is \"[::1]:1\", as server_options.listen[0] is; an address of its own would be "
          "right"));
  EXPECT_THAT(
      mistakes_of({.listen = {"0.0.0.0:1", "127.0.0.1:1", "[::1]:1", "127.0.0.1:2", "[0::]:1", "localhost:2"}}),
      ElementsAre("server_options.listen[1]: is \"127.0.0.1:1\", which \"0.0.0.0:1\" of server_options.listen[0] takes "
                  "in; another port would be right",
                  "server_options.listen[4]: is \"[0::]:1\", which takes in \"[::1]:1\" of server_options.listen[2]; "
                  "another port would be right",
                  "server_options.listen[5]: is \"127.0.0.1:2\", as server_options.listen[3] is; an address of its own "
                  "would be right"));
  EXPECT_THAT(mistakes_of({.listen = {"0.0.0.0:0", "127.0.0.1:0", "[::]:1", "127.0.0.1:1"}}), IsEmpty());
  EXPECT_THAT(mistakes_of(server_options{}), IsEmpty());
}

TEST(Validate, EveryServerTellsAllMistakesBeforeItStarts) {
  app a;
  a.limits().nesting = 300;
  a.handle("swill.mine", [](request<twice>) {});

  EXPECT_THROW(a.validate(), invalid_configuration);
  EXPECT_THROW(test_server{a}, invalid_configuration);
  try {
    const server s{a, {.listen = {"127.0.0.1:0"}, .path = "ws"}};
    FAIL();
  } catch (const invalid_configuration& e) {
    EXPECT_EQ(e.mistakes().size(), 4U);
    EXPECT_STREQ(e.what(),
                 "server_options.path: is \"ws\"; a path begins with a slash: \"/ws\" would be right\n"
                 "limits.nesting: is 300; 2 to 256 would be right\n"
                 "handlers.swill.mine: names that begin with \"swill.\" are the library's; any other would be right\n"
                 "types.twice.red: stands there twice; each value needs a name of its own");
  }
  server s{a, {.listen = {"127.0.0.1:0"}}};
  EXPECT_THROW(s.start(), invalid_configuration);
  EXPECT_TRUE(s.addresses().empty());
}

std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator all{"/proc/self/task"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(Validate, ServerWithMistakenOptionsMakesNoThread) {
  app a;
  const std::size_t before = threads_of_this_process();

  for (const server_options& o : {server_options{.io_threads = 100'000}, server_options{.workers = 1025}}) {
    EXPECT_THROW((server{a, o}), invalid_configuration);
    EXPECT_EQ(threads_of_this_process(), before);
  }
}

/// Clients come by it.
class entrance final : public plugin {
public:
  bool brings_clients() const noexcept override { return true; }
  void start(actors::runtime&) override {}
  void stop(std::function<void()> done) override { done(); }
};

TEST(Validate, ServerWithoutAnAddressNeedsAPluginThatBringsClients) {
  app a;
  server nowhere{a, {.listen = {}, .io_threads = 1}};
  try {
    nowhere.start();
    FAIL();
  } catch (const invalid_configuration& e) {
    ASSERT_EQ(e.mistakes().size(), 1U);
    EXPECT_EQ(e.mistakes().front().path, "server_options.listen");
  }

  app other;
  other.use(std::make_unique<entrance>());
  server s{other, {.listen = {}, .io_threads = 1}};
  EXPECT_NO_THROW(s.start());
}

// --- Too late

TEST(Validate, NothingIsAddedToAnAppThatAServerRuns) {
  app a;
  blueprint inner{"inner"};
  const auto f = [](request<>) {};
  {
    const test_server s{a};
    EXPECT_THROW(a.handle("f", f), std::logic_error);
    EXPECT_THROW(a.before_request([](context&) {}), std::logic_error);
    EXPECT_THROW(a.after_connection([](connection&) {}), std::logic_error);
    EXPECT_THROW(a.require([](context&) { return true; }), std::logic_error);
    EXPECT_THROW(a.on_error(404, [](context&, error e) { return e; }), std::logic_error);
    EXPECT_THROW(a.mount(std::move(inner)), std::logic_error);
    EXPECT_THROW(a.use(std::make_shared<part>("")), std::logic_error);
    EXPECT_THROW(a.set_debug(true), std::logic_error);
    EXPECT_THROW(a.introspection(introspect::off), std::logic_error);
  }
  a.handle("f", f);
  test_server s{a};
  test_client c{s};
  EXPECT_NO_THROW(c.call("f"));
}

TEST(Validate, NothingIsAddedToABlueprintThatWasMounted) {
  app a;
  blueprint b{"b"};
  a.mount(std::move(b));
  try {
    b.handle("f", [](request<>) {});
    FAIL();
  } catch (const std::logic_error& e) {
    EXPECT_STREQ(e.what(), "handler f: it was mounted, or moved, before: add everything to it, then mount it");
  }
  EXPECT_THROW(a.mount(std::move(b)), std::logic_error);
  b = blueprint{"c"};
  EXPECT_NO_THROW(b.handle("f", [](request<>) {}));
}

} // namespace validated
