#pragma once

#include "libswill/base/http.hpp"
#include "libswill/net/http/responder.hpp"

#include <memory>

namespace swill::net::http {

/// Answers at once, by a function of the application or of a plugin.
std::shared_ptr<const responder> make_responder(http_handler f);

} // namespace swill::net::http
