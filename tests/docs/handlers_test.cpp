// The code of docs/handlers.md, compiled and run. tests/docs/snippets.py holds the page against what stands between `// [name]` and
// `// [/name]` here: change it here, then run `tests/docs/snippets.py --write`.
#include "libswill/api/app.hpp"
#include "libswill/server/test_client.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using swill::value;
using testing::ElementsAre;

// Log lines of a test, instead of the terminal.
std::vector<std::string>& logged() {
  static std::vector<std::string> lines;
  return lines;
}

swill::app quiet_app() {
  swill::app app;
  logged().clear();
  app.set_log([](const swill::log_entry& e) { logged().emplace_back(e.text); });
  return app;
}

// --- First handler

// [first]
swill::app make_app() {
  swill::app app;
  app.handle("add", [](swill::request<std::pair<std::int64_t, std::int64_t>> r) {
    const auto [a, b] = r.data();
    return a + b;
  });
  return app;
}
// [/first]

// [test]
TEST(Handlers, AddsTwoNumbers) {
  const swill::app app = make_app();
  swill::test_server server{app};
  swill::test_client client{server};

  const auto sum = client.call<std::int64_t>("add", std::pair{2, 3});

  EXPECT_EQ(sum, 5);
}
// [/test]

// [member]
struct counter {
  std::atomic<int> calls{0}; // handlers run on several threads at the same time
  int next(swill::request<>) { return ++calls; }
};

void add_counter(swill::app& app, counter& shared) { app.handle("next", &counter::next, &shared); }
// [/member]

TEST(Handlers, MayBeMembers) {
  counter mine;
  swill::app app;
  add_counter(app, mine);
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_EQ(client.call<int>("next"), 1);
  EXPECT_EQ(client.call<int>("next"), 2);
}

// --- Structs

namespace shop {

// [describe]
enum class shipping { standard, express };

template <class D>
void describe(D& d, shipping&) {
  d.value("standard", shipping::standard);
  d.value("express", shipping::express);
}

struct line {
  std::string sku;
  int quantity = 1;
};

template <class D>
void describe(D& d, line& l) {
  d.field("sku", l.sku, swill::pattern{"^[A-Z]{3}[0-9]{3}$"}, swill::doc{"stock keeping unit"});
  d.field("quantity", l.quantity, swill::range{1, 100}, swill::defaulted{});
}

struct order {
  std::vector<line> lines;
  shipping how = shipping::standard;
  std::optional<std::string> coupon;
  std::map<std::string, std::string> notes;
};

template <class D>
void describe(D& d, order& o) {
  d.doc("What a customer wants.");
  d.field("lines", o.lines, swill::length{.min = 1, .max = 50});
  d.field("how", o.how, swill::defaulted{});
  d.field("coupon", o.coupon, swill::length{.min = 4, .max = 8});
  d.field("notes", o.notes, swill::defaulted{}, swill::keys{swill::length{.min = 1, .max = 20}},
          swill::values{swill::length{.max = 500}});
  d.rule("express orders have at most 10 lines",
         [](const order& all) { return all.how != shipping::express || all.lines.size() <= 10; });
}
// [/describe]

} // namespace shop

using shop::order;

TEST(Handlers, DescribeAStruct) {
  swill::app app = quiet_app();
  // [validated]
  app.handle("place", [](swill::request<order> r) {
    int pieces = 0;
    for (const auto& l : r.data().lines) pieces += l.quantity;
    return pieces;
  });
  // [/validated]
  swill::test_server server{app};
  swill::test_client client{server};
  const auto line = [](const char* sku, value quantity) {
    return value::map({{"sku", sku}, {"quantity", std::move(quantity)}});
  };

  EXPECT_EQ(client.call<int>(
                "place", value::map({{"lines", value::array({line("ABC123", 2), value::map({{"sku", "XYZ000"}})})}})),
            3);
  try {
    client.call("place",
                value::map({{"lines", value::array({line("abc", 0), line("ABC123", "two")})}, {"coupon", "x"}}));
    FAIL() << "an invalid order was placed";
  } catch (const swill::error& e) {
    EXPECT_EQ(e.code, 422);
    EXPECT_EQ(
        swill::to_text(e.data),
        R"({"lines": [{"index": 0, "errors": [{"sku": [{"description": "Does not match pattern: ^[A-Z]{3}[0-9]{3}$"}], )"
        R"("quantity": [{"description": "less than 1"}]}]}, {"index": 1, "errors": [{"quantity": [{"description": )"
        R"("Expected int, got str"}]}]}], "coupon": [{"description": "length less than 4"}]})");
  }
}

// --- Results and errors

namespace errors {

// [errors]
struct sold_out : swill::error {
  explicit sold_out(const std::string& sku)
      : error{swill::error_code::conflict, "sold out", value::map({{"sku", sku}})} {}
};

void add_errors(swill::app& app) {
  // Thrown: the client gets code, message and data as they are.
  app.handle("buy", [](swill::request<std::string> sku) -> int { throw sold_out{sku.data()}; });

  // As a value, where failing is ordinary.
  app.handle("find", [](swill::request<std::string> sku) -> swill::result<int> {
    if (sku.data() == "ABC123") return 7;
    return swill::error{swill::error_code::not_found, "no such article"};
  });

  // No result: the client gets nil.
  app.handle("forget", [](swill::request<std::string>) {});

  // Anything else that escapes is logged, with where it was thrown, and answered with a bland 500.
  app.handle("oops", [](swill::request<>) -> int { throw std::out_of_range{"internal detail"}; });

  // Closes the connection.
  app.handle("leave", [](swill::request<>) -> int { throw swill::close_connection{4000, "goodbye"}; });
}
// [/errors]

} // namespace errors

TEST(Handlers, FailInThreeWays) {
  swill::app app = quiet_app();
  errors::add_errors(app);
  const auto code_of = [](swill::test_client& c, std::string_view rpc, const auto& data) -> std::int64_t {
    try {
      c.call(rpc, data);
      return 0;
    } catch (const swill::error& e) {
      return e.code;
    }
  };
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_EQ(code_of(client, "buy", std::string{"ABC123"}), 409);
  EXPECT_EQ(code_of(client, "find", std::string{"nothing"}), 404);
  EXPECT_EQ(client.call<int>("find", std::string{"ABC123"}), 7);
  EXPECT_EQ(client.call("forget", std::string{"ABC123"}), value{});
  EXPECT_EQ(code_of(client, "oops", swill::nothing{}), 500);
  ASSERT_EQ(logged().size(), 1U);
  EXPECT_THAT(logged().front(), testing::HasSubstr("internal detail"));
  client.open("leave", swill::nothing{});
  server.run();
  EXPECT_EQ(client.pipe().closed()->code, 4000);
}

TEST(Handlers, MapExceptions) {
  // [mapping]
  swill::app app;
  app.on_exception<std::out_of_range>([](swill::context&, const std::out_of_range&) {
    return swill::error{swill::error_code::not_found, "no such thing"};
  });
  app.on_error(swill::error_code::not_found, [](swill::context& c, swill::error e) {
    e.message += " (" + std::string{c.rpc()} + ")";
    return e;
  });
  app.handle("item", [](swill::request<std::size_t> i) { return std::vector<int>{10, 20, 30}.at(i.data()); });
  // [/mapping]
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_EQ(client.call<int>("item", 1), 20);
  try {
    client.call("item", 9);
    FAIL();
  } catch (const swill::error& e) {
    EXPECT_EQ(e.message, "no such thing (item)");
  }
}

// --- Streams

namespace streams {

// [streams]
// A message in, a stream out.
swill::stream<int> count(swill::request<int> r) {
  for (int i = 1; i <= r.data(); ++i) co_yield i; // waits while the client reads too slowly
}

// A stream in, a message out.
swill::task<double> sum(swill::streaming_request<double> in) {
  double total = 0;
  while (const auto n = co_await in.next()) total += *n; // empty: the client sent END_OF_STREAM
  co_return total;
}

// Both. Items come and go independently of each other.
swill::stream<std::string> shout(swill::streaming_request<std::string> in) {
  while (auto line = co_await in.next()) co_yield *line + "!";
}
// [/streams]

// [streams-add]
void add_streams(swill::app& app) {
  app.handle("count", count);
  app.handle("sum", sum);
  app.handle("shout", shout);
}
// [/streams-add]

} // namespace streams

TEST(Handlers, Stream) {
  swill::app app = quiet_app();
  streams::add_streams(app);

  // [streams-test]
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_THAT(client.collect<int>("count", 3), ElementsAre(1, 2, 3));

  const auto upload = client.open_stream("sum");
  client.send(upload, 1.5);
  client.send(upload, 2.5);
  client.end(upload);
  EXPECT_EQ(client.receive(upload)->as<double>(), 4.0);
  // [/streams-test]

  const auto both = client.open("shout", std::string{"hey"});
  EXPECT_EQ(client.receive(both)->as<std::string>(), "hey!");
  client.send(both, std::string{"you"});
  EXPECT_EQ(client.receive(both)->as<std::string>(), "you!");
  client.end(both);
  EXPECT_EQ(client.receive(both)->type, swill::wire::response_type::end_of_stream);
}

// --- Cancellation

namespace cancellation {

int seats_taken = 0;

// [cancel]
struct seat {
  seat() { ++seats_taken; }
  seat(const seat&) = delete;
  ~seat() { --seats_taken; } // also when the request is cancelled
};

swill::task<std::string> watch_film(swill::request<> r) {
  const seat mine;
  try {
    co_await swill::sleep_for(2h);
  } catch (const swill::cancelled&) {
    r.context().log(swill::log_level::info, "left early");
    throw; // there is nobody to answer to
  }
  co_return "the end";
}
// [/cancel]

} // namespace cancellation

TEST(Handlers, AreCancelled) {
  swill::app app = quiet_app();
  app.handle("watch_film", cancellation::watch_film);
  swill::test_server server{app};
  swill::test_client client{server};

  const auto seq = client.open("watch_film", swill::nothing{});
  EXPECT_EQ(cancellation::seats_taken, 1);
  client.cancel(seq);

  EXPECT_EQ(cancellation::seats_taken, 0);
  EXPECT_THAT(logged(), ElementsAre("left early"));
  EXPECT_FALSE(client.receive(seq).has_value());
}

// --- Deadlines

TEST(Handlers, HaveDeadlines) {
  swill::app app = quiet_app();
  // [deadline]
  app.limits().maximum_deadline = 1h; // for every handler that says nothing else

  app.handle("report",
             [](swill::request<> r) -> swill::task<std::string> {
               co_await swill::sleep_for(1min);
               co_return r.context().deadline() ? "in time" : "no hurry";
             },
             {.doc = "Takes its time.", .default_deadline = 30s, .maximum_deadline = 5min});
  // [/deadline]
  swill::test_server server{app};
  swill::test_client client{server};

  const auto by_default = client.open("report", swill::nothing{});
  const auto longer = client.open("report", swill::nothing{}, {"timeout_ms", 90'000});
  const auto shorter = client.open("report", swill::nothing{}, {"timeout_ms", 10});
  server.advance(10ms);
  EXPECT_EQ(client.receive(shorter)->failure->code, 408);
  server.advance(30s);
  EXPECT_EQ(client.receive(by_default)->failure->code, 408);
  server.advance(30s);
  EXPECT_EQ(client.receive(longer)->as<std::string>(), "in time");
}

// --- Metadata

TEST(Handlers, HaveMetadata) {
  swill::app app = quiet_app();
  // [metadata]
  app.handle("translate", [](swill::request<std::string> r) -> swill::task<std::string> {
    const value* language = r.metadata().find("language");
    const auto* name = language != nullptr ? language->get_if<std::string>() : nullptr;

    r.context().set_leading({"engine", "v7"}); // goes with the first message
    r.context().trailing().set("words", 1);    // goes with the end
    if (name != nullptr && *name == "de") co_return "hallo";
    co_return r.data();
  });

  app.handle("progress", [](swill::request<int> r) -> swill::stream<int> {
    co_await r.context().send_leading({"total", r.data()}); // goes now, in an envelope of its own
    for (int i = 0; i < r.data(); ++i) co_yield i;
  });
  // [/metadata]
  swill::test_server server{app};
  swill::test_client client{server};

  const auto reply = client.receive(client.open("translate", std::string{"hello"}, {"language", "de"}));
  EXPECT_EQ(reply->as<std::string>(), "hallo");
  EXPECT_EQ(*reply->leading.find("engine"), value{"v7"});
  EXPECT_EQ(*reply->trailing.find("words"), value{1});
  const auto first = client.receive(client.open("progress", 2));
  EXPECT_EQ(first->type, swill::wire::response_type::metadata);
  EXPECT_EQ(*first->leading.find("total"), value{2});
}

// --- Hooks, connection state, blueprints

namespace hooks {

// [state]
struct visitor {
  std::string user;
  int calls = 0;
};

void add_connection_hooks(swill::app& app) {
  app.before_connection([](swill::connection& c) -> swill::task<void> {
    const auto key = c.header("Authorization");
    if (!key) throw swill::rejection{401, "who are you?"};
    co_await swill::sleep_for(1ms); // asks somebody
    c.state<visitor>().user = *key;
    c.set_response_header("X-Hello", *key);
  });
  app.after_connection([](swill::connection& c, const swill::close_reason& why) {
    c.log(swill::log_level::info, c.state<visitor>().user + " left", {{"code", why.code}});
  });
}
// [/state]

// [hooks]
void add_request_hooks(swill::app& app) {
  app.before_request([](swill::context& c) {
    auto& v = c.connection().state<visitor>();
    if (++v.calls > 3) throw swill::error{swill::error_code::too_many_requests, "come back tomorrow"};
  });
  app.before_request_message([](swill::context&, swill::any_message& m) {
    if (auto* text = m.get_if<std::string>(); text != nullptr && text->empty()) *text = "nobody";
  });
  app.after_request([](swill::context& c, const swill::outcome& o) {
    if (o.how == swill::outcome::kind::error) c.log(swill::log_level::info, "answered " + std::to_string(o.code));
  });
}
// [/hooks]

// [blueprint]
swill::blueprint make_admin() {
  swill::blueprint users{"users"};
  users.handle("rename", [](swill::request<std::string> name) { return "renamed to " + name.data(); });

  swill::blueprint admin{"admin"};
  admin.before_request([](swill::context& c) {
    if (c.connection().state<visitor>().user != "root") throw swill::error{swill::error_code::forbidden, "not for you"};
  });
  admin.mount(std::move(users)); // admin.users.rename
  return admin;
}
// [/blueprint]

// [tags]
void add_articles(swill::app& app) {
  app.handle("articles.list", [](swill::request<>) { return std::vector<std::string>{"ABC123"}; });
  app.handle("articles.remove", [](swill::request<std::string>) {}, {.tags = {"write"}});
  app.handle("users.remove", [](swill::request<std::string>) {}, {.tags = {"write", "admin"}});
}
// [/tags]

// [require]
struct account {
  std::set<std::string> may; // do what these tags stand for
};

void add_login(swill::app& app) {
  // 1. Login: who is it, and what may they do?
  app.handle("login", [](swill::request<std::pair<std::string, std::string>> r) {
    const auto& [name, password] = r.data();
    if (password != "secret") throw swill::error{swill::error_code::unauthorized, "wrong name or password"};
    swill::connection& c = r.context().connection();
    c.set_user(name);
    c.state<account>().may = name == "root" ? std::set<std::string>{"write", "admin"} : std::set<std::string>{"write"};
  });
  // 2. Hook: whoever calls a handler with the tag must be allowed to.
  for (const std::string tag : {"write", "admin"}) {
    app.require(tag, [tag](swill::context& c) {
      if (c.connection().user().empty()) throw swill::error{swill::error_code::unauthorized, "call login first"};
      return c.connection().state<account>().may.contains(tag); // false: ERROR 403
    });
  }
  // 3. User: handlers know whom they serve.
  app.handle("whoami", [](swill::request<> r) { return r.context().connection().user(); });
}
// [/require]

// [blueprint-rules]
swill::blueprint make_reports() {
  swill::blueprint reports{"reports"};
  reports.limits().maximum_deadline = 5min; // for handlers that have none of their own
  reports.limits().message_size = 1024;
  reports.require([](swill::context& c) { return !c.connection().user().empty(); });
  reports.on_exception<std::out_of_range>([](swill::context&, const std::out_of_range&) {
    return swill::error{swill::error_code::not_found, "no such report"};
  });
  reports.on_error(404, [](swill::context&, swill::error e) {
    e.data = value::map({{"list", "reports.list"}});
    return e;
  });
  reports.handle("get", [](swill::request<std::size_t> i) { return std::vector<std::string>{"sales"}.at(i.data()); });
  return reports;
}
// [/blueprint-rules]

} // namespace hooks

TEST(Handlers, AreForThoseWhoMayCallThem) {
  swill::app app = quiet_app();
  hooks::add_articles(app);
  hooks::add_login(app);
  app.mount(hooks::make_reports());
  swill::test_server server{app};
  swill::test_client client{server};
  const auto code_of = [&client](std::string_view rpc, const auto& data) {
    try {
      client.call(rpc, data);
      return std::int64_t{0};
    } catch (const swill::error& e) {
      return e.code;
    }
  };

  EXPECT_EQ(code_of("articles.list", swill::nothing{}), 0);
  EXPECT_EQ(code_of("articles.remove", std::string{"ABC123"}), 401);
  EXPECT_EQ(code_of("reports.get", 0), 403);
  client.call("login", std::pair{std::string{"ann"}, std::string{"secret"}});
  EXPECT_EQ(client.call<std::string>("whoami"), "ann");
  EXPECT_EQ(code_of("articles.remove", std::string{"ABC123"}), 0);
  EXPECT_EQ(code_of("users.remove", std::string{"bob"}), 403);
  EXPECT_EQ(code_of("reports.get", 0), 0);
  EXPECT_EQ(code_of("reports.get", 7), 404);
}

TEST(Handlers, AreChecked) {
  // [validate]
  swill::app app;
  app.limits().nesting = 300;
  app.handle("swill.list", [](swill::request<>) { return 1; }, {.default_deadline = 10s, .maximum_deadline = 5s});
  try {
    app.validate();
    FAIL();
  } catch (const swill::invalid_configuration& e) {
    EXPECT_STREQ(e.what(),
                 "limits.nesting: is 300; 2 to 256 would be right\n"
                 "handlers.swill.list: names that begin with \"swill.\" are the library's; any other would be right\n"
                 "handlers.swill.list.default_deadline: is 10 s, longer than its maximum_deadline (5 s); at most that "
                 "would be right");
    EXPECT_EQ(e.mistakes().at(0).path, "limits.nesting");
  }
  // [/validate]
}

TEST(Handlers, HaveHooksAroundThem) {
  swill::app app = quiet_app();
  hooks::add_connection_hooks(app);
  hooks::add_request_hooks(app);
  app.handle("whoami", [](swill::request<> r) { return r.context().connection().state<hooks::visitor>().user; });
  app.mount(hooks::make_admin());
  swill::test_server server{app};
  const auto as = [](std::string user) {
    return swill::test_client::with_headers({{"authorization", std::move(user)}});
  };

  swill::test_client stranger{server};
  swill::test_client root{server, as("root")};
  swill::test_client anna{server, as("anna")};
  server.advance(1ms);

  EXPECT_EQ(stranger.rejected()->status, 401);
  EXPECT_EQ(root.call<std::string>("admin.users.rename", std::string{}), "renamed to nobody");
  EXPECT_EQ(anna.call<std::string>("whoami"), "anna");
  EXPECT_THROW(anna.call("admin.users.rename", std::string{}), swill::error);
  EXPECT_THAT(logged(), ElementsAre("answered 403"));
}

// --- Awaiting

namespace awaiting {

// [await]
swill::task<int> price_of(std::string sku) { // parameters by value: the coroutine starts later
  co_await swill::sleep_for(20ms);
  co_return static_cast<int>(sku.size());
}

swill::task<int> stock_of(std::string sku) {
  const auto count = [sku] { return sku == "ABC123" ? 5 : 0; };
  co_return co_await swill::on_pool(count); // runs on the pool; this thread goes on with others
}

swill::task<int> worth(swill::request<std::string> r) {
  const auto [price, stock] = co_await swill::when_all(price_of(r.data()), stock_of(r.data()));
  co_return price* stock;
}

swill::task<int> count_until_quiet(swill::streaming_request<int> in) {
  for (int n = 0;; ++n) {
    const auto first = co_await swill::when_any(in.next(), swill::sleep_for(10s));
    if (first.index() == 1) throw swill::error{swill::error_code::deadline_exceeded, "no item for 10 s"};
    if (!std::get<0>(first)) co_return n;
  }
}
// [/await]

// [own-stream]
swill::stream<int> numbers(int from) {
  for (;; ++from) co_yield from;
}

swill::stream<int> squares(swill::request<int> r) {
  auto all = numbers(1);
  for (int i = 0; i < r.data(); ++i) {
    const auto n = co_await all.next();
    co_yield *n** n;
  }
} // `all` dies here, wherever it stands
// [/own-stream]

} // namespace awaiting

TEST(Handlers, Await) {
  swill::app app = quiet_app();
  app.handle("worth", awaiting::worth);
  app.handle("count_until_quiet", awaiting::count_until_quiet);
  app.handle("squares", awaiting::squares);
  swill::test_server server{app};
  swill::test_client client{server};

  const auto worth = client.open("worth", std::string{"ABC123"});
  server.advance(20ms);
  EXPECT_EQ(client.receive(worth)->as<int>(), 30);

  const auto quiet = client.open("count_until_quiet", 1);
  server.advance(9s);
  client.send(quiet, 2);
  server.advance(9s);
  EXPECT_FALSE(client.receive(quiet).has_value());
  server.advance(1s);
  EXPECT_EQ(client.receive(quiet)->failure->code, 408);

  EXPECT_THAT(client.collect<int>("squares", 4), ElementsAre(1, 4, 9, 16));
}

TEST(Handlers, Block) {
  swill::app app = quiet_app();
  // [blocking]
  app.handle("hash", swill::blocking([](swill::request<swill::bytes> r) -> std::uint64_t {
               std::uint64_t h = 14695981039346656037U;
               for (const std::byte b : r.data()) {
                 if (r.context().is_cancelled()) return 0; // [any thread]; the result is dropped
                 h = (h ^ std::to_integer<std::uint64_t>(b)) * 1099511628211U;
               }
               return h;
             }));
  // [/blocking]
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_EQ(client.call<std::uint64_t>("hash", swill::bytes{}), 14695981039346656037U);
}

// --- Pitfalls

namespace pitfalls {

// [captures]
swill::task<int> twice(int n) { co_return 2 * n; } // good: the parameter lives in the frame

swill::task<int> add_up(swill::request<int> r) {
  const int n = r.data();

  // Wrong: the lambda dies at the semicolon, and the coroutine, which has not even started, looks for n in it.
  //   swill::task<int> later = [n]() -> swill::task<int> { co_return 2 * n; }();
  //   co_return co_await later;

  swill::task<int> later = twice(n);
  co_return co_await later;
}
// [/captures]

// [brackets]
swill::task<int> ready(swill::request<> r) {
  const swill::metadata facts{{"lead", "now"}, {"more", true}}; // g++ 12 compiles no such list within the co_await
  co_await r.context().send_leading(facts);
  co_return 1;
}

swill::stream<shop::line> samples(swill::request<int> r) {
  for (int i = 0; i < r.data(); ++i) {
    const shop::line l{"ABC123", i + 1}; // not: co_yield shop::line{"ABC123", i + 1};
    co_yield l;
  }
}

swill::task<shop::line> double_order(swill::request<int> r) {
  const int quantity = co_await twice(r.data()); // not: const shop::line l{"ABC123", co_await twice(r.data())};
  co_return shop::line{"ABC123", quantity};
}
// [/brackets]

} // namespace pitfalls

TEST(Handlers, AvoidPitfalls) {
  swill::app app = quiet_app();
  app.handle("add_up", pitfalls::add_up);
  app.handle("ready", pitfalls::ready);
  app.handle("samples", pitfalls::samples);
  app.handle("double_order", pitfalls::double_order);
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_EQ(client.call<int>("add_up", 21), 42);
  EXPECT_EQ(client.call<int>("ready"), 1);
  EXPECT_EQ(client.collect<shop::line>("samples", 2).at(1).sku, "ABC123");
  EXPECT_EQ(client.call<shop::line>("double_order", 2).quantity, 4);
}

// --- Introspection

TEST(Handlers, AreIntrospected) {
  const swill::app app = make_app();
  swill::test_server server{app};
  swill::test_client client{server};

  // [introspect]
  const auto records = client.collect("swill.introspect");
  EXPECT_EQ(
      swill::to_text(records.at(0)),
      R"({"name": "add", "request": {"streams": false, "type": {"type": "tuple", "arguments": {0: {"type": "int"}, 1: {"type": "int"}}}}, )"
      R"("response": {"streams": false, "type": {"type": "int"}}})");
  // [/introspect]
}

} // namespace
