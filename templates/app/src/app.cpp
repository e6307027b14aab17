#include "app.hpp"

#include "pubsub/pubsub.hpp"

#include <utility>

void add_topics(swill::backends& b) { b.pubsub->allow_subscribe("greetings"); }

void add_handlers(swill::app& app, swill::backends& b) {
  swill::blueprint handlers{"@NAME@"};

  // A coroutine: it waits without holding a thread.
  handlers.handle("greet",
                  [bus = b.pubsub](swill::request<person> r) -> swill::task<std::string> {
                    std::string text = "Hello, " + r.data().name + "!";
                    co_await bus->publish("greetings", text); // to every page that is open
                    co_return text;
                  },
                  {.doc = "Greets somebody, and tells everybody."});

  add_visits(handlers);
  app.mount(std::move(handlers));
}
