// Mistakes as users make them, compiled by run.py. A comment `says: TEXT` at the end of a line is what the compiler must say first for
// that line, as an error or a warning, and nothing else may be said for it. `on g++ 12 says:` holds for compilers that break temporaries.
// Lines without such a comment are right, and must compile in silence.
// Each mistake and what is said of it stand on one line.
// clang-format off

#include "libswill/client/client.hpp"
#include "libswill/server/test_client.hpp"
#include "libswill/swill.hpp"
#include "pubsub/pubsub.hpp"
#include "sessions/session.hpp"

#include <array>
#include <concepts>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using swill::request;
using swill::stream;
using swill::streaming_request;
using swill::task;

struct line {
  std::string sku;
  int quantity = 1;
};
template <class D>
void describe(D& d, line& l) {
  d.field("sku", l.sku);
  d.field("quantity", l.quantity);
}

struct page {
  std::string title;
  int number = 1;
};
template <class D>
void describe(D& d, page& p) {
  d.field("title", p.title);
  d.field("number", p.number);
}

struct undescribed {
  int n = 0;
};

struct constant {
  int a = 0;
};
template <class D>
void describe(D& d, const constant& c) {
  d.field("a", c.a);
}

struct copied {
  std::string sku;
};
template <class D>
void describe(D& d, copied c) {
  d.field("sku", c.sku);
}

// These describe types that are legal in another form.
struct by_auto {
  int n = 0;
};
template <class D, class T>
requires std::same_as<T, by_auto>
void describe(D& d, T& t) {
  d.field("n", t.n);
}
struct by_friend {
  int n = 0;
  template <class D>
  friend void describe(D& d, by_friend& t) {
    d.field("n", t.n);
  }
};
namespace generic {
struct anything {
  int n = 0;
};
template <class D>
void describe(D& d, auto&& t) {
  d.field("n", t.n);
}
} // namespace generic
enum class color { red };
template <class D>
void describe(D& d, color) {
  d.value("red", color::red);
}

struct holder {
  undescribed inner;
};
template <class D>
void describe(D& d, holder& h) {
  d.field("inner", h.inner);
}

struct chained {
  const chained* next = nullptr;
};
template <class D>
void describe(D& d, chained& c) {
  d.field("next", c.next);
}
struct viewing {
  std::optional<std::string_view> name;
};
template <class D>
void describe(D& d, viewing& v) {
  d.field("name", v.name);
}
struct named {
  std::vector<const char*> names;
};
template <class D>
void describe(D& d, named& n) {
  d.field("names", n.names);
}

struct shop {
  std::map<std::string, int> stock;
  std::mutex lock;
  int get(request<std::string> r) {
    const std::lock_guard guard{lock};
    return stock[r.data()];
  }
  task<int> later(request<std::string>) { co_return 1; }
  int on_lvalues(request<int>) & { return 1; }
};
struct price_list {
  double of(request<std::string>) const { return 1; }
  double change(request<std::string>) { return 2; }
};

int two(request<int>, int) { return 1; }
int plain(request<int> r) noexcept { return r.data(); }
int global = 0;

// --- What is a handler

void right_handlers(swill::app& app, shop& one) {
  app.handle("function", plain);
  app.handle("const reference", [](const request<line>& r) { return r.data().quantity; });
  app.handle("blocking", swill::blocking([](request<int> r) { return r.data(); }));
  app.handle("text", [](request<>) { return "pong"; });
  app.handle("view", [](request<std::string> r) { return std::string_view{r.data()}; });
  const auto copied_handler = [text = std::string{"a"}](request<int>) { return text; };
  app.handle("copied", copied_handler);
  app.handle("move-only", [p = std::make_unique<int>(1)](request<int> r) { return *p + r.data(); });
  app.handle("described", [](request<std::tuple<by_auto, by_friend, color>>) { return 1; });
  app.handle("described by all", [](request<generic::anything>) { return 1; });
  app.handle("owning pointer", [](request<int>) { return std::make_shared<line>(); });
  app.handle("owning pointers", [](request<int>) -> std::vector<std::unique_ptr<line>> { return {}; });
  app.handle("perhaps nothing", [](request<int>) -> task<std::optional<line>> { co_return std::nullopt; });
  app.handle("member", &shop::get, &one);
  app.handle("member, by reference", &shop::get, std::ref(one), {.doc = "of a shop"});
  app.handle("member, shared", &shop::later, std::make_shared<shop>());
  app.handle("member, copied", &price_list::of, price_list{});
}

void wrong_handlers(swill::app& app, shop& one, const swill::handler_options& options, swill::context& context) {
  app.handle("f", [] { return 1; });                              // says: a handler takes one swill::request<T>
  app.handle("f", two);                                           // says: a handler takes one swill::request<T>
  app.handle("f", [](request<int>, request<int>) { return 1; });  // says: a handler takes one swill::request<T>
  app.handle("f", [](auto r) { return r.data(); });               // says: a handler is a function, or an object with one operator()
  app.handle("f", 5);                                             // says: a handler is a function, or an object with one operator()
  app.handle("f", [](int n) { return n; });                       // says: a handler takes one swill::request<T>
  app.handle("f", [n = 0](request<int>) mutable { return ++n; }); // says: a handler is called as const
  app.handle("f", [](request<int>& r) { return r.data(); });      // says: a handler takes its request by value
  app.handle("f", [](request<int>) -> int& { return global; });   // says: a handler returns a value, not a reference
  app.handle("f", [](streaming_request<int>) { return 1; });      // says: a handler of a swill::streaming_request is a coroutine
  app.handle("f", [](const request<line>&) -> task<int> { co_return 1; });          // says: a coroutine takes its request by value
  app.handle("f", [](const streaming_request<line>&) -> stream<int> { co_yield 1; }); // says: a coroutine takes its request by value
  app.handle("f", [](request<line>&&) -> task<int> { co_return 1; });               // says: a coroutine takes its request by value
  app.handle("f", [](request<int>) -> task<std::string_view> { co_return "a"; });   // says: this result refers to a text that may be gone
  app.handle("f", [](request<int>) -> stream<const char*> { co_yield "a"; });       // says: this result refers to a text that may be gone
  app.handle("f", [](request<int>) { return undescribed{}; });    // says: swill: this handler's result cannot travel
  app.handle("f", [](request<int>) { return std::optional<std::string_view>{"a"}; });         // says: this result has views of what may be gone when it is sent
  app.handle("f", [](request<int>) -> std::vector<std::string_view> { return {}; });          // says: return std::string instead of std::string_view
  app.handle("f", [](request<int>) -> stream<std::map<int, std::string_view>> { co_yield {}; }); // says: this result has views of what may be gone when it is sent
  app.handle("f", [](request<int>) -> std::span<int> { return {}; });                         // says: std::vector instead of std::span
  app.handle("f", [](request<int>) { return std::nullopt; });     // says: the handler's result is a std::optional<T>
  app.handle("f", [](request<std::optional<const int>>) { return 1; });                       // says: in a swill::request holds is not const: leave the const away
  app.handle("f", [](request<std::shared_ptr<const line>>) { return 1; });                    // says: in a swill::request holds is not const: leave the const away
  app.handle("f", [](request<std::vector<std::string_view>>) { return 1; });                  // says: a request owns its text
  app.handle("f", [](request<viewing>) { return 1; });            // says: plain pointers and views never travel
  app.handle("f", [](request<undescribed>) { return 1; });        // says: swill: T of this swill::request<T> cannot travel
  app.handle("f", [](request<undescribed>) { return 1; });        // says: in its namespace, template <class D> void describe(D& d, order& o)
  app.handle("f", [](request<std::string_view>) { return 1; });   // says: a request owns its text: take swill::request<std::string>
  app.handle("f", [](request<const char*>) { return 1; });        // says: a request owns its text: take swill::request<std::string>
  app.handle("f", [](request<char>) { return 1; });               // says: a request owns its text: take swill::request<std::string>
  app.handle("f", [](request<line&>) { return 1; });              // says: T of this swill::request<T> is written without const, & or *
  app.handle("f", [](request<std::string&>) { return 1; });       // says: T of this swill::request<T> is written without const, & or *
  app.handle("f", [](request<const line>) { return 1; });         // says: T of this swill::request<T> is written without const, & or *
  app.handle("f", [](request<const std::string>) { return 1; });  // says: T of this swill::request<T> is written without const, & or *
  app.handle("f", [](request<line*>) { return 1; });              // says: T of this swill::request<T> is written without const, & or *
  app.handle("f", [](request<int>) { return std::async([] { return 1; }); }); // says: a handler that waits is a coroutine
  app.handle("f", [](request<int>) { return swill::on_pool([] { return 1; }); }); // says: a handler that waits is a coroutine
  app.handle("f", [](request<int>) { return swill::when_all(swill::sleep_for(1s)); }); // says: a handler that waits is a coroutine
  app.handle_actor<int, int>("f", 1);                             // says: include_actors_handle_actor_hpp
  app.handle("f", [](request<constant>) { return 1; });           // says: swill: the describe of this struct does not take it by a reference to what can be changed
  app.handle("f", [](request<copied>) { return 1; });             // says: swill: the describe of this struct does not take it by a reference to what can be changed
  app.handle("f", swill::blocking([](request<int>) -> task<int> { co_return 1; })); // says: a blocking handler is a plain function
  app.handle("f", [](request<holder>) { return 1; });             // says: swill: the type of this field cannot travel
  app.handle("f", [](request<void>) { return 1; });               // says: a request without data is swill::request<>
  app.handle("f", [](request<int>) -> const std::string { return "a"; });           // says: a handler's result is not const
  app.handle("f", [](request<int>) -> task<const int> { co_return 1; });            // says: a handler's result is not const
  app.handle("f", [](request<int>) -> std::shared_ptr<const line> { return {}; });  // says: a handler's result is not const
  app.handle("f", [](request<int>) -> task<std::optional<const int>> { co_return 1; }); // says: a handler's result is not const
  app.handle("f", [](request<int>) -> const line* { return nullptr; });             // says: plain pointers never travel: return the value itself, or a std::optional<T>, std::unique_ptr<T> or std::shared_ptr<T>
  app.handle("f", [](request<int>) -> line* { return nullptr; });                   // says: plain pointers never travel
  app.handle("f", [](request<int>) -> int* { return &global; });                    // says: plain pointers never travel
  app.handle("f", [](request<int>) { return nullptr; });                            // says: plain pointers never travel
  app.handle("f", [](request<int>) -> task<const line*> { co_return nullptr; });    // says: plain pointers never travel
  app.handle("f", [](request<int>) -> stream<const line*> { co_yield nullptr; });   // says: plain pointers never travel
  app.handle("f", [](request<int>) -> swill::result<const line*> { return nullptr; }); // says: plain pointers never travel
  app.handle("f", [](request<int>) -> std::vector<const line*> { return {}; });     // says: plain pointers never travel
  app.handle("f", [](request<int>) -> std::map<std::string, std::array<line*, 2>> { return {}; }); // says: plain pointers never travel
  app.handle("f", [](request<std::vector<line*>>) { return 1; });  // says: T of this swill::request<T> is written without const, & or *
  app.handle("f", [](request<chained>) { return 1; });            // says: swill: a field owns its data, and plain pointers and views never travel
  app.handle("f", [](request<named>) { return 1; });              // says: a std::string for text
  const auto move_only = [p = std::make_unique<int>(1)](request<int>) { return *p; };
  app.handle("f", move_only);                                     // says: this one cannot be copied: write std::move(f)
  app.handle("f", std::bind_front(two, request<int>{1, context}));  // says: what std::bind and std::bind_front give stands in a lambda
  app.handle("f", swill::blocking(&shop::get), &one);             // says: swill::blocking takes no member function with its object
  app.handle("f", &shop::on_lvalues, &one);                       // says: a member function that is a handler has neither & nor &&
  app.handle("f", &shop::get);                                    // says: a member function needs its object
  app.handle("f", &shop::later, options);                         // says: a member function needs its object
  app.handle("f", &shop::get, one);                               // says: the app would keep a copy of this object
  app.handle("f", &price_list::change, price_list{});             // says: the app would keep a copy of this object
  app.handle("f", &price_list::of, &one);                         // says: this object has no such member function
}

void wrong_arguments(swill::app& app) {
  app.handle(plain, "f");                                         // says: a handler's name comes first
  app.handle([](request<>) {}, "f");                              // says: a handler's name comes first
  app.handle("f", plain, "does a thing");                         // says: what is said of a handler has a name
  app.handle("f", plain, std::string{"does a thing"});            // says: what is said of a handler has a name
  swill::blueprint inner{"inner"};
  app.mount(inner);                                               // says: a blueprint is moved, not copied: app.mount(std::move(shop))
}
void right_arguments(swill::app& app) {
  app.handle("f", plain, {});
  app.handle(std::string{"f"}, plain, {.doc = "does a thing"});
  app.handle("f", swill::blocking(plain), swill::handler_options{});
  swill::blueprint inner{"inner"};
  app.mount(std::move(inner));
  app.mount(swill::blueprint{"other"});
  auto bus = std::make_shared<swill::pubsub>();
  app.use(bus);
  app.use(std::make_unique<swill::pubsub>());
}

task<int&> wrong_task() { co_return global; } // says: a swill::task gives a value, not a reference
stream<int&> wrong_stream() { co_yield global; } // says: a swill::stream gives values, not references

// --- Hooks

void right_hooks(swill::app& app) {
  app.before_request([](swill::context&) -> task<void> { co_return; });
  app.before_request_metadata([](swill::context&) {});
  app.after_request([](swill::context&, const swill::outcome&) {});
  app.after_connection([](swill::connection&) {});
  app.on_exception<std::out_of_range>([](auto&, const std::exception& e) { return swill::error{404, e.what()}; });
  app.on_error(404, [](swill::context&, swill::error e) { return e; });
  app.on_error(swill::error_code::not_found, [](swill::context&, const swill::error& e) { return e; });
  app.http("/version", [](const swill::http_request&) { return swill::http_response{.body = "7"}; });
}

void wrong_hooks(swill::app& app) {
  app.before_request([](swill::connection&) {});                  // says: this hook takes (swill::context&)
  app.before_request("write");                                    // says: this hook takes (swill::context&)
  app.before_request([](swill::context&) { return true; });       // says: what returns a bool goes to app.require
  app.before_request_metadata([](swill::metadata&) {});           // says: this hook takes (swill::context&, swill::metadata&), or the first alone
  app.before_request_data([](swill::context&, std::string&) {});  // says: this hook takes (swill::context&, swill::bytes&), or the first alone
  app.before_request_message([](swill::context&, line&) {});      // says: this hook takes (swill::context&, swill::any_message&), or the first alone
  app.after_request([](swill::context&, swill::outcome&) {});     // says: this hook takes (swill::context&, const swill::outcome&), or the first alone
  app.before_accept([](swill::context&) {});                      // says: this hook takes (swill::connection&)
  app.after_connection([](swill::connection&, int) {});           // says: this hook takes (swill::connection&, const swill::close_reason&), or the first alone
  app.on_exception([](swill::context&, const std::out_of_range&) { return swill::error{}; }); // says: which exceptions? write their type: app.on_exception<std::out_of_range>(f)
  app.on_exception<std::out_of_range>([](swill::context&, const std::out_of_range& e) { return e.what(); }); // says: on_exception<E> takes a function of (swill::context&, const E&) that returns the swill::error
  app.on_exception<std::out_of_range>([](const std::out_of_range&) { return swill::error{}; }); // says: on_exception<E> takes a function of (swill::context&, const E&) that returns the swill::error
  app.on_error(404, [](swill::context&, swill::error& e) { e.message = "no"; }); // says: on_error takes a function of (swill::context&, swill::error) that returns the swill::error
  app.on_error(swill::error_code::not_found, [](swill::context&, swill::error) {}); // says: on_error takes a function of (swill::context&, swill::error) that returns the swill::error
  app.use(swill::pubsub{});                                       // says: an app shares its plugins: app.use(std::make_shared<swill::pubsub>())
  app.http("/version", [](const swill::http_request&) { return 7; }); // says: app.http takes a function of (const swill::http_request&) that returns a swill::http_response
  app.use(new swill::pubsub{});                                   // says: an app shares its plugins: app.use(std::make_shared<swill::pubsub>())
}

// --- Rules: who may

task<int> answer(swill::context&) { co_return 1; }
bool says_no(swill::context&, const std::string&, swill::value) { return false; }

void right_rules(swill::app& app, swill::pubsub& bus) {
  app.require([](swill::context&) {});
  app.require("write", [](swill::context&) -> task<bool> { co_return true; });
  app.introspection([](swill::context&) -> task<void> { co_return; });
  bus.allow_subscribe("a", [](swill::context&) { return true; });
  bus.allow_subscribe("a", [](swill::context&, const std::string&) -> task<bool> { co_return true; });
  bus.allow_subscribe("a", [](swill::context&, std::string) { return swill::grant{}; });
  bus.allow_publish("a", [](swill::context&) {});
  bus.allow_publish("a", [](swill::context&, const std::string&) { return true; });
  bus.allow_publish("a", [](swill::context&, const std::string&, const swill::value&) -> task<bool> { co_return true; });
  bus.allow_publish("a", [](auto&... all) { return sizeof...(all) == 3; });
  bus.allow_publish("a", std::function<void(swill::context&, const std::string&, swill::value&)>{});
  bus.allow_presence("a", [](swill::context&) -> task<bool> { co_return true; });
}

void wrong_rules(swill::app& app, swill::pubsub& bus) {
  app.require("write");                                           // says: a rule is a function of a swill::context&, which gives nothing or a bool
  app.require([](swill::connection&) { return true; });           // says: a rule is a function of a swill::context&, which gives nothing or a bool
  app.require([](swill::context&) { return 1; });                 // says: a rule gives nothing or a bool, or a swill::task of one of them
  app.require("write", [](swill::context&) { return "no"; });     // says: a rule gives nothing or a bool, or a swill::task of one of them
  app.require(answer);                                            // says: a rule gives nothing or a bool, or a swill::task of one of them
  app.introspection([](swill::context&) { return 1; });           // says: a rule gives nothing or a bool, or a swill::task of one of them
  bus.allow_subscribe("a", [] { return true; });                  // says: a rule takes (swill::context&, const std::string& topic)
  bus.allow_subscribe("a", [](swill::context&, const std::string&, swill::value&) {}); // says: a rule takes (swill::context&, const std::string& topic)
  bus.allow_publish("a", [](swill::context&, const std::string&, line&) {}); // says: a rule takes (swill::context&, const std::string& topic)
  bus.allow_publish("a", [n = 0](swill::context&) mutable { return ++n < 9; }); // says: it is called as const: its lambda is not mutable
  bus.allow_publish("a", "anybody");                              // says: a rule takes (swill::context&, const std::string& topic)
  bus.allow_publish("a", [](swill::context&, const std::string&, swill::value m) { m.set("a", 1); }); // says: a rule that takes the message by value changes a copy
  bus.allow_publish("a", says_no);                                // says: a rule that takes the message by value changes a copy
  bus.allow_publish("a", std::function<bool(swill::context&, const std::string&, swill::value)>{}); // says: a rule that takes the message by value changes a copy
  bus.allow_publish("a", [](swill::context&) { return swill::grant{}; }); // says: a rule gives nothing, a bool, or, in allow_subscribe, a swill::grant
  bus.allow_subscribe("a", [](swill::context&) { return 1; });    // says: a rule gives nothing, a bool, or, in allow_subscribe, a swill::grant
  bus.allow_presence("a", answer);                                // says: a rule gives nothing, a bool, or, in allow_subscribe, a swill::grant
}

// --- Temporaries that g++ 12 destroys twice

stream<line> right_lines(std::string sku) {
  const line named{"a", 1};
  co_yield named;
  line l{sku, 2};
  co_yield l;
}
stream<line> wrong_line() {
  co_yield line{"a", 1}; // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
stream<page> wrong_page(std::string title) {
  co_yield {title, 2}; // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
stream<std::optional<line>> right_wider(std::string sku) {
  const line l{sku, 1};
  co_yield l;
  const std::optional<line> wide{l};
  co_yield wide;
  co_yield std::nullopt;
}
stream<std::pair<std::string, int>> right_pair(std::string sku) {
  co_yield {sku, 1};
  co_yield std::pair{sku, 2};
}
stream<std::optional<line>> wrong_wider(std::string sku) {
  co_yield line{sku, 1}; // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
stream<std::pair<std::string, line>> wrong_pair(std::string sku) {
  co_yield {sku, line{sku, 1}}; // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
stream<std::variant<int, line>> wrong_variant(std::string sku) {
  co_yield line{sku, 1}; // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
stream<std::vector<line>> right_vector(std::string sku) {
  std::vector<line> lines;
  lines.push_back({sku, 1});
  co_yield std::move(lines);
}
task<int> right_calls(swill::client& c, swill::client_upload<line, int>& up) {
  const line l{"a", 1};
  co_await up.write(l);
  int sum = co_await c.start<int>("place", l).result() + co_await c.start<int>("x", "ann").result();
  auto items = c.stream<int>("count", {}, 2s);
  while (auto item = co_await items.next()) sum += *item;
  const std::pair two{std::string{"a"}, l};
  sum += co_await c.call<int>("x", two) + co_await c.call<int>("x", std::pair{std::string{"a"}, 1});
  co_return sum + co_await c.call<int>("x", "ann") + co_await c.call<int>("place", l);
}
task<int> right_wider_write(swill::client_upload<std::optional<line>, int>& up, std::string sku) {
  const line l{sku, 1};
  co_await up.write(l);
  co_await up.write(std::nullopt);
  co_return 1;
}
task<int> wrong_call(swill::client& c) {
  co_return co_await c.call<int>("place", line{"a", 1}); // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
task<int> wrong_pair_call(swill::client& c, std::string sku) {
  co_return co_await c.call<int>("place", std::pair{sku, line{sku, 1}}); // on g++ 12 says: g++ 12 would destroy this temporary twice
}
task<int> wrong_optional_call(swill::client& c, std::string sku) {
  co_return co_await c.call<int>("place", std::optional{line{sku, 1}}); // on g++ 12 says: g++ 12 would destroy this temporary twice
}
task<int> wrong_tuple_call(swill::client& c, std::string sku) {
  co_return co_await c.call<int>("place", std::tuple{1, line{sku, 1}}); // on g++ 12 says: g++ 12 would destroy this temporary twice
}
task<int> wrong_variant_call(swill::client& c, std::string sku) {
  co_return co_await c.call<int>("place", std::variant<int, line>{line{sku, 1}}); // on g++ 12 says: g++ 12 would destroy this temporary twice
}
task<int> wrong_array_call(swill::client& c, std::array<line, 1> (*lines)()) {
  co_return co_await c.call<int>("place", lines()); // on g++ 12 says: g++ 12 would destroy this temporary twice
}
task<int> wrong_start(swill::client& c, std::string sku) {
  co_return co_await c.start<int>("place", line{sku, 1}).result(); // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
task<int> wrong_stream(swill::client& c, std::string sku) {
  co_return (co_await c.stream<int>("watch", line{sku, 1}).next()).value(); // on g++ 12 says: g++ 12 would destroy this temporary twice
}
task<void> wrong_wider_write(swill::client_upload<std::optional<line>, int>& up, std::string sku) {
  co_await up.write(line{sku, 1}); // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
task<void> wrong_write(swill::client_upload<line, int>& up) {
  co_await up.write(line{"a", 1}); // on g++ 12 says: g++ 12 would destroy this temporary twice; name it first
}
task<void> wrong_job(std::string text) {
  co_await swill::on_pool([text] { return text.size(); }); // on g++ 12 says: g++ 12 would destroy this lambda twice; name it first
}
task<void> wrong_times() {
  co_await swill::sleep_for(5); // says: a time has a unit: co_await sleep_for(std::chrono::seconds{5}), or 5s
  co_await swill::sleep_for(0.5); // says: a time has a unit: co_await sleep_for(std::chrono::seconds{5}), or 5s
}
task<void> wrong_update(swill::session& s, std::string text) {
  co_await s.update([text](swill::session& t) { t.set("a", text); }); // on g++ 12 says: g++ 12 would destroy this lambda twice
}

// --- A keyword that is forgotten

task<void> forgetful(request<int> r, streaming_request<int> in, swill::client& c, swill::client_call<int>& one) {
  swill::sleep_for(1h);                         // says: sleep_for does not wait until it is awaited
  swill::on_pool([] { return 1; });             // says: on_pool runs nothing until it is awaited
  swill::when_any(swill::sleep_for(1s), swill::sleep_for(2s)); // says: when_all and when_any start nothing
  r.context().session();                        // says: session() gives nothing until it is awaited
  r.context().send_leading({"a", 1});           // says: a swill::task does nothing until it is awaited
  in.next();                                    // says: next() gives nothing until it is awaited
  while (auto n = in.next()) static_cast<void>(n); // says: next() gives an item only when it is awaited
  right_lines("a").next();                      // says: next() gives nothing until it is awaited
  right_lines("a");                             // says: a swill::stream does nothing until somebody takes its items
  c.call<int>("x", 1);                          // says: a swill::task does nothing until it is awaited
  one.result();                                 // says: this does nothing until it is awaited
  co_return;
}

// --- Braces that make one text of two

void wrong_braces(swill::app& a) {
  swill::serve(a, {.listen = 8080}); // says: an address to listen on is a text
  swill::serve(a, {.listen = {{"127.0.0.1:1", "127.0.0.1:2"}}}); // says: two pairs of braces around two addresses; one would be right
  swill::internal_listener({"127.0.0.1:1"});
  swill::internal_listener({"127.0.0.1:1", "127.0.0.1:2"}); // says: internal_listener is about one address
  swill::tls_server_options tls;
  tls.identities = {"cert.pem", "key.pem"}; // says: identities are pairs, also where there is one: two pairs of braces
  tls.identities = {{"cert.pem", "key.pem"}};
  tls.identities = {std::string{"cert.pem"}, std::string{"key.pem"}}; // says: identities are pairs, also where there is one
  tls.identities = {std::string{"cert.pem"}, "key.pem"}; // says: identities are pairs, also where there is one
}

// --- An error without its code

void wrong_errors() {
  if (global == 1) throw swill::error{"sold out"};              // says: an error has a code, too
  if (global == 2) throw swill::error(std::string{"sold out"}); // says: an error has a code, too
  if (global == 3) throw swill::error{409, "sold out", price_list{}}; // says: data of an error is a swill::value
  if (global == 4) throw swill::error{swill::error_code::conflict, std::string{"sold out"}, price_list{}}; // says: data of an error is a swill::value
  if (global == 5) throw swill::error{"sold out", 409};           // says: the code of an error comes first
  if (global == 6) throw swill::error{409, "sold out", swill::value::map({{"left", 2}})};
}

// --- Texts as they are written

void texts(swill::test_client& c) {
  static_cast<void>(c.call<int>("x", "ann"));
  static_cast<void>(c.call<std::string>("x", std::string_view{"ann"}));
}
