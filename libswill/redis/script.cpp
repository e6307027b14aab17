#include "libswill/redis/script.hpp"

#include "libswill/redis/detail/command.hpp"
#include "libswill/redis/detail/sha1.hpp"

namespace swill::redis {

script::script(std::string source) : source_(std::move(source)), digest_(detail::sha1_hex(source_)) {}

void script::run(client& c, std::span<const std::string_view> keys, std::span<const std::string_view> arguments,
                 client::callback f) const {
  const std::size_t words = 3 + keys.size() + arguments.size();
  std::string encoded;
  std::size_t size = 128;
  for (const std::string_view k : keys) size += k.size() + 16;
  for (const std::string_view a : arguments) size += a.size() + 16;
  encoded.reserve(size);
  detail::append_head(encoded, '*', words);
  detail::append_argument(encoded, "EVALSHA");
  detail::append_argument(encoded, digest_);
  const std::size_t mark = encoded.size();
  char count[24];
  detail::append_argument(encoded,
                          {count, static_cast<std::size_t>(std::to_chars(count, count + 24, keys.size()).ptr - count)});
  for (const std::string_view k : keys) detail::append_argument(encoded, k);
  for (const std::string_view a : arguments) detail::append_argument(encoded, a);

  c.encoded(encoded, 1, [this, &c, words, sent = encoded, mark, f = std::move(f)](result<reply> r) {
    if (r || !is_refusal(r.error(), "NOSCRIPT")) return f(std::move(r));
    std::string full;
    detail::append_head(full, '*', words);
    detail::append_argument(full, "EVAL");
    detail::append_argument(full, source_);
    full.append(sent, mark);
    c.encoded(full, 1, f);
  });
}

} // namespace swill::redis
