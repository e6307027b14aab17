#pragma once

#include "libswill/base/bytes.hpp"
#include "libswill/net/http/request.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace swill::net::http {

/// Reads the head of one HTTP/1.1 request from bytes that come in pieces. A body is not looked at.
///
/// A plain head that is there as a whole is read in one step (plain_request.hpp). All else is Beast's, from its first byte: it is the authority on
/// what HTTP allows, and exists only then. Beyond that, a CR without its LF, an LF without its CR, and a field that goes on in the next line are `bad`. A
/// head without its end is so as soon as a line of it is, however it was cut.
class request_head {
public:
  explicit request_head(std::size_t size_limit);
  ~request_head();

  enum class state { incomplete, complete, bad, too_large };

  /// `input` is everything that came so far. What `used()` says then belongs to the head.
  state put(bytes_view input);
  std::size_t used() const noexcept { return used_; }
  /// Whether what has come of the head, complete or not, is of a request by HEAD, whose answer has no body. `input` as put() had it last.
  bool is_for_head(bytes_view input) const noexcept;

  /// After `complete`. With its target in origin form.
  request take();
  /// Then: the next request's head, of whose input nothing was seen yet.
  void restart();

private:
  struct parser;
  state put_to_beast(bytes_view input);
  bool look_for_lines(std::string_view seen);
  std::size_t end_for_beast(std::size_t size) const noexcept;
  bool put_later_version(bytes_view seen);
  bool is_broken(std::string_view rest);

  std::unique_ptr<parser> parser_; ///< null: Beast has seen nothing of it
  request plain_;                  ///< where it was
  std::size_t limit_;
  std::size_t used_ = 0;
  std::size_t begin_ = 0;       // of the request line
  std::size_t looked_ = 0;      // up to where the ends of lines were looked for
  std::size_t line_ = 0;        // where the line begins that has no end yet
  std::size_t line_before_ = 0; // and the one before it
  std::size_t to_check_ = 0;    // bytes that is_broken may still look at
  bool has_end_ = false;        // its empty line was found
  bool later_version_ = false;  // than HTTP/1.1
};

} // namespace swill::net::http
