// swill-chat: a small application, to be read and copied. People log in, talk in rooms that keep what was said, see who is there and who is
// typing, and how much they have not read elsewhere. Its page is in page/ (docs/chat.md).
#include "actors/connections/connections.hpp"
#include "libswill/base/line_writer.hpp"
#include "libswill/base/process.hpp"
#include "libswill/programs/options/command_line.hpp"
#include "libswill/programs/options/listen_options.hpp"
#include "libswill/programs/options/log_options.hpp"
#include "libswill/server/serve.hpp"
#include "libswill/swill.hpp"
#include "pubsub/pubsub.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "sessions/redis/redis_store.hpp"
#include "sessions/sessions.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace swill;
using namespace std::chrono_literals;

const one_of room_names{"lobby", "kitchen", "library"};

/// A message of the topics `room.…`.
struct line {
  std::string from;
  std::string text;
  std::chrono::system_clock::time_point at;
};
template <class D>
void describe(D& d, line& l) {
  d.field("from", l.from);
  d.field("text", l.text);
  d.field("at", l.at);
}

struct typist {
  std::string room;
};
template <class D>
void describe(D& d, typist& t) {
  d.field("room", t.room, room_names);
}

struct words {
  std::string room;
  std::string text;
  std::string key;
};
template <class D>
void describe(D& d, words& w) {
  d.field("room", w.room, room_names);
  d.field("text", w.text, length{.min = 1, .max = 1000});
  d.field("key", w.key, length{.min = 1, .max = 64}, doc{"what is said twice with one key is said once"});
}

/// A place in a room: what everybody's inbox gets when something was said there, and how far somebody has read.
struct place {
  std::string room;
  position at;
};
template <class D>
void describe(D& d, place& p) {
  d.doc("Behind the message at a position of a room.");
  d.field("room", p.room, room_names);
  d.field("at", p.at);
}

struct room {
  std::string name;
  position last;
  position read;
};
template <class D>
void describe(D& d, room& r) {
  d.field("name", r.name, room_names);
  d.field("last", r.last, doc{"the message that was said last"});
  d.field("read", r.read, doc{"the last one that this session has read"});
}

const std::string& user_of(context& c) {
  const std::string& user = c.connection().user();
  if (user.empty()) throw error{error_code::unauthorized, "log in first"};
  return user;
}

blueprint make_chat(const std::shared_ptr<pubsub>& bus) {
  blueprint chat{"chat"};

  chat.handle("login",
              [](request<std::string> name) -> task<std::string> {
                if (name.data().empty() || name.data().size() > 128)
                  throw error{error_code::bad_request, "a name has 1 to 128 bytes"};
                session& s = co_await name.context().session();
                co_return co_await s.login(name.data());
              },
              {.doc = "Begins a session, and answers its token. No password: an example.", .errors = {400}});

  chat.handle("rooms",
              [bus](request<> r) -> task<std::vector<room>> {
                user_of(r.context());
                session& s = co_await r.context().session();
                std::vector<room> all;
                for (const std::string_view choice : room_names.choices) {
                  const std::string name{choice};
                  const auto page = co_await bus->history("room." + name, {}, 1);
                  all.push_back({name, page.top, s.get<position>("read." + name).value_or(position{})});
                }
                co_return all;
              },
              {.doc = "All rooms, and how far this session has read them.", .idempotent = true, .errors = {401}});

  chat.handle("say",
              [bus](request<words> r) -> task<void> {
                const auto& [to, text, key] = r.data();
                const line said{user_of(r.context()), text, std::chrono::system_clock::now()};
                const position at =
                    co_await bus->publish("room." + to, said, key); // not within braces: docs/handlers.md, "Pitfalls"
                const place where{to, at};
                co_await bus->send_to_all(where); // to the inboxes of those who are in other rooms
              },
              {.doc = "Says something in a room.", .idempotent = true, .errors = {401}});

  chat.handle("read",
              [](request<place> r) -> task<void> {
                user_of(r.context());
                session& s = co_await r.context().session();
                const auto mark = [&r](session& fresh) { fresh.set("read." + r.data().room, r.data().at); };
                co_await s.update(mark); // another tab of this session may do the same
              },
              {.doc = "Notes how far this session has read.", .idempotent = true, .errors = {401}});

  chat.handle("typing",
              [bus](request<typist> r) -> task<void> {
                const std::string user = user_of(r.context());
                co_await bus->publish("typing." + r.data().room, user);
              },
              {.doc = "Tells those in a room that somebody is typing.", .errors = {401}});

  return chat;
}

std::shared_ptr<pubsub> make_bus(const std::optional<redis::place>& shared) {
  pubsub_options o;
  o.topic("room.*", {.history_length = 200, .history_age = 24h, .forget_after = 48h, .presence = true});
  o.topic("typing.*", {.history_length = 0});
  std::shared_ptr<broker> b;
  if (shared) b = std::make_shared<redis_broker>(*shared);
  auto bus = std::make_shared<pubsub>(std::move(o), std::move(b));
  const auto anybody_known = [](context& c) { user_of(c); };
  bus->allow_subscribe("room.*", anybody_known);
  bus->allow_subscribe("typing.*", anybody_known);
  bus->allow_presence("room.*", anybody_known);
  return bus;
}

/// Without cookies: each tab of a browser is somebody of its own, by the token that it keeps.
std::shared_ptr<sessions> make_sessions(const std::optional<redis::place>& shared) {
  session_options o;
  o.cookie = false;
  o.idle = 24h;
  return std::make_shared<sessions>(std::move(o), shared ? redis_sessions(*shared) : memory_sessions());
}

int run(int argc, char** argv) {
  programs::command_line program{"swill-chat", "A chat with rooms, as an example of an application."};
  program.reads_environment();
  programs::listen_options listen;
  listen.add_to(program);
  programs::log_options log;
  log.add_to(program);
  std::string redis;
  program.add({"--redis", redis, "redis://HOST[:PORT], which several nodes share; none: this one alone, in memory"});
  std::string page;
  program.add({"--page", page, "directory with the page, served at /; none: no page", "DIRECTORY"});
  if (const auto answer = program.parse(argc, argv); !answer.empty()) return programs::end_with(answer);

  std::optional<redis::place> shared;
  if (!redis.empty()) shared = redis::place::at(redis, "chat:");
  app chat;
  chat.use(log.make());
  chat.set_debug(listen.debug());
  chat.use(make_sessions(shared));
  const auto bus = make_bus(shared);
  chat.use(bus);
  chat.use(std::make_shared<connections>(bus)); // so that nobody is there twice who has lost a connection
  chat.mount(make_chat(bus));
  if (!page.empty()) chat.files("/", page);
  server{chat, listen.server()}.run([&](server& s) { print_in_time(log.beside_log(listening_line(s.urls()))); });
  return 0;
}

constexpr swill::programs::option_name option_names[] = {
    {"server_options.listen", "--listen"},
    {"files.", "--page"},
    {"redis.", "--redis"},
};

} // namespace

int main(int argc, char** argv) {
  prepare_process();
  return swill::programs::run_program("swill-chat", option_names, [&] { return run(argc, argv); },
                                      {argv, static_cast<std::size_t>(argc)});
}
