#include "libswill/api/serving/handler.hpp"

namespace swill::detail {

// Here, and not in each source with handlers.
handler::handler() = default;
handler::handler(const handler&) = default;
handler::~handler() = default;

} // namespace swill::detail
