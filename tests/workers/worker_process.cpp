#include "tests/workers/worker_process.hpp"

#include "tests/workers/world.hpp"

namespace swill::worker_tests {

worker_process::worker_process(const std::string& gateways, const std::string& name, const std::string& kind)
    : child_process({SWILL_TEST_WORKER, gateways, name, kind, secret}) {}

} // namespace swill::worker_tests
