// A gateway with the handlers of app.cpp: `@NAME@ --help` lists what it can do beside.
#include "app.hpp"
#include "programs/gateway/gateway.hpp"

int main(int argc, char** argv) {
  swill::program_settings settings;
  settings.about = "@NAME@";
  settings.examples = {"ls", R"(call @NAME@.greet '{"name": "Ada"}')"};
  return swill::gateway{argc, argv, settings}.run([](swill::app& app, swill::backends& b) {
    add_topics(b);
    add_handlers(app, b);
  });
}
