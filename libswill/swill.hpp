#pragma once

// Everything that a handler author needs, without Boost, CAF or hiredis. Beside it: "actors/handle_actor.hpp" for handlers that are CAF
// actors, "libswill/server/test_client.hpp" for tests without sockets.

#include "libswill/api/app.hpp"
#include "libswill/base/await.hpp"
#include "libswill/server/serve.hpp"
