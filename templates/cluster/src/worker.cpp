// The handlers of app.cpp, for the clients of gateways (gateway.cpp). Each worker has actors of its own: what must be known to all of them belongs
// into Redis, a session or a database.
#include "app.hpp"
#include "programs/worker/worker_program.hpp"

int main(int argc, char** argv) {
  swill::program_settings settings;
  settings.about = "@NAME@: its handlers.";
  return swill::worker_program{argc, argv, settings}.run(add_handlers);
}
