#include "apps/common/example.hpp"

#include "libswill/api/app.hpp"
#include "libswill/base/await.hpp"
#include "libswill/base/stream.hpp"
#include "pubsub/pubsub.hpp"
#include "sessions/sessions.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

namespace swill::apps {

namespace {

using namespace std::chrono_literals;

// --- A message in, a message out

struct guest {
  std::string name;
  std::string language = "en";
};

// One description serves decoding, encoding, validation and introspection.
template <class D>
void describe(D& d, guest& g) {
  d.doc("Who wants to be greeted.");
  d.field("name", g.name, length{.min = 1, .max = 63}, doc{"as it shall be said"});
  d.field("language", g.language, one_of{"en", "de", "fr"}, defaulted{});
}

struct greeting {
  std::string text;
  std::chrono::system_clock::time_point at;
};
template <class D>
void describe(D& d, greeting& g) {
  d.field("text", g.text);
  d.field("at", g.at, doc{"when it was said"});
}

greeting hello(request<guest> r) {
  const auto& [name, language] = r.data();
  const std::string word = language == "de" ? "Guten Tag" : language == "fr" ? "Bonjour" : "Hello";
  return {word + ", " + name + "!", std::chrono::system_clock::now()};
}

std::int64_t add(request<std::pair<std::int64_t, std::int64_t>> r) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(r.data().first, r.data().second, &sum)) throw error{error_code::bad_request, "too large"};
  return sum;
}

// --- Code that blocks: on the worker pool, so that it holds up nobody else's calls

/// What an error of `wait` says.
struct wait_limits {
  std::int64_t least = 0;
  std::int64_t most = 1000;
};
template <class D>
void describe(D& d, wait_limits& l) {
  d.field("least", l.least);
  d.field("most", l.most);
}

std::int64_t wait(request<std::int64_t> milliseconds) {
  const wait_limits may;
  if (milliseconds.data() < may.least || milliseconds.data() > may.most)
    throw error{error_code::bad_request, "0 to 1000, please", to_value(may)};
  std::this_thread::sleep_for(std::chrono::milliseconds{milliseconds.data()}); // stands for a driver that blocks
  return milliseconds.data();
}

// --- A stream in, a message out

task<double> sum(streaming_request<double> numbers) {
  double total = 0;
  while (const auto n = co_await numbers.next()) total += *n;
  co_return total;
}

// --- A message in, a stream out

stream<std::chrono::system_clock::time_point> ticks(request<std::int64_t> count) {
  for (std::int64_t i = 0; i < count.data(); ++i) {
    if (i > 0) co_await sleep_for(500ms);      // a CANCEL ends it here, too
    co_yield std::chrono::system_clock::now(); // waits while the client reads too slowly
  }
}

// --- A stream in, a stream out

stream<std::string> echo(streaming_request<std::string> lines) {
  while (auto line = co_await lines.next()) co_yield std::move(*line);
}

// --- Values of a session

task<int> count_visits(request<> r) {
  session& s = co_await r.context().session();
  const int visits = s.get<int>("visits").value_or(0) + 1;
  s.set("visits", visits); // saved before the answer leaves
  co_return visits;
}

// --- Topics

struct name {
  std::string name;
};
template <class D>
void describe(D& d, name& n) {
  d.field("name", n.name, length{.min = 1, .max = 32});
}

/// What somebody says in a room: `{text}` comes, `{from, text}` goes to all.
void sign(context& c, const std::string&, value& message) {
  const std::string& who = c.connection().user();
  const auto* text = message.find<std::string>("text");
  if (text == nullptr) throw error{error_code::bad_request, "a message is {\"text\": str}"};
  message = value::map({{"from", who.empty() ? "guest" : who}, {"text", *text}});
}

} // namespace

program_settings about_example(std::string about) {
  return {.about = std::move(about),
          .examples = {"ls", "call greeter.hello '{\"name\": \"Ada\"}'", "stream clock.ticks 3"}};
}

void mount_example(app& a, const std::string& prefix) {
  blueprint greeter{"greeter"};
  greeter.handle("hello", hello, {.doc = "Greets somebody by name."});

  blueprint math{"math"};
  math.handle("add", add, {.doc = "The sum of two numbers.", .errors = {400}});
  math.handle("sum", sum, {.doc = "The sum of a stream of numbers, at its end."});

  blueprint clock{"clock"};
  clock.handle(
      "wait", blocking(wait),
      {.doc = "Blocks a thread of the pool for so many milliseconds.", .errors = {error_with<wait_limits>(400)}});
  clock.handle("ticks", ticks, {.doc = "As many times of day as asked for, half a second apart."});

  blueprint chat{"chat"};
  chat.handle("echo", echo, {.doc = "Each line back, as it comes."});

  blueprint all{prefix};
  all.mount(std::move(greeter));
  all.mount(std::move(math));
  all.mount(std::move(clock));
  all.mount(std::move(chat));
  a.mount(std::move(all));
}

void add_example(app& a, backends& b) {
  mount_example(a, "");
  a.handle("example.visits", count_visits, {.doc = "How often this session has asked"});
  a.handle("chat.login", [](request<name> r) { r.context().connection().set_user(r.data().name); },
           {.doc = "Says who this connection is in the chat, else a guest. No password: an example."});
  b.pubsub->allow_subscribe("chat.*");
  b.pubsub->allow_presence("chat.*");
  b.pubsub->allow_publish("chat.*", sign);
}

} // namespace swill::apps
