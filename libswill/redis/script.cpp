#include "libswill/redis/script.hpp"

#include "libswill/redis/detail/command.hpp"
#include "libswill/redis/detail/sha1.hpp"

namespace swill::redis {

script::script(std::string source, shape fits)
    : source_(std::move(source)), fits_(fits), digest_(detail::sha1_hex(source_)) {
  detail::append_argument(by_digest_, "EVALSHA");
  detail::append_argument(by_digest_, digest_);
}

} // namespace swill::redis
