// swill-worker: the example in a process of its own, for the clients of gateways.
#include "apps/common/example.hpp"
#include "programs/worker/worker_program.hpp"

int main(int argc, char** argv) {
  using namespace swill;
  auto settings = apps::about_example("Serves a small example to the clients of gateways.");
  std::string prefix = "work";
  settings.options = {{"--prefix", &prefix, "name of the blueprint that the example is mounted in"}};
  return worker_program{argc, argv, std::move(settings)}.run(
      [&](app& a, backends&) { apps::mount_example(a, prefix); });
}
