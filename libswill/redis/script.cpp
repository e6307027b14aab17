#include "libswill/redis/script.hpp"

#include "libswill/base/digest.hpp"
#include "libswill/base/encoding.hpp"
#include "libswill/redis/detail/command.hpp"

namespace swill::redis {

script::script(std::string source, shape fits)
    : source_(std::move(source)), fits_(fits), digest_(to_hex(sha1(source_))) {
  detail::append_argument(by_digest_, "EVALSHA");
  detail::append_argument(by_digest_, digest_);
}

} // namespace swill::redis
