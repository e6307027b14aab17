#include "libswill/client/blocking_client.hpp"
#include "libswill/swill.hpp"

#include <iostream>
#include <string>
#include <utility>

// A server with one handler, and a call to it over a real WebSocket.
int main() {
  swill::app app;
  app.handle("add", [](swill::request<std::pair<int, int>> r) { return r.data().first + r.data().second; });

  swill::server server{app, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  server.start();

  swill::blocking_client client{"ws://127.0.0.1:" + std::to_string(server.port()) + "/ws"};
  std::cout << "2 + 3 = " << client.call<int>("add", std::pair{2, 3}) << '\n';
}
