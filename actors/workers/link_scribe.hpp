#pragma once

#include "actors/workers/link_socket.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/scribe.hpp>

#include <memory>

namespace swill::actors::workers {

/// What CAF reads and writes through: a socket whose other end has shown who it is.
caf::io::scribe_ptr make_scribe(caf::io::network::default_multiplexer& network, std::unique_ptr<link_socket> s);

} // namespace swill::actors::workers
