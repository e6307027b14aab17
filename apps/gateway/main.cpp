// swill-gateway: a gateway that serves the example.
#include "apps/common/example.hpp"
#include "programs/gateway/gateway.hpp"

int main(int argc, char** argv) {
  using namespace swill;
  auto settings = apps::about_example("RPC over WebSocket and MessagePack, serving a small example.");
  settings.topics.other_topics.presence = true; // of the chat
  return gateway{argc, argv, std::move(settings)}.run(apps::add_example);
}
