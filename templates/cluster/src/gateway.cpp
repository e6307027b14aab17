// A gateway without handlers of its own: workers serve them (worker.cpp). `swill dev` runs main.cpp, which has all in one.
#include "app.hpp"
#include "programs/gateway/gateway.hpp"

int main(int argc, char** argv) {
  swill::program_settings settings;
  settings.about = "@NAME@: connections, sessions and topics.";
  return swill::gateway{argc, argv, settings}.run([](swill::app&, swill::backends& b) { add_topics(b); });
}
