#pragma once

#include "libswill/base/http.hpp"
#include "libswill/net/http/file_root.hpp"
#include "libswill/net/http/responder.hpp"

#include <memory>
#include <string>

namespace swill::net::http {

/// The files of a directory, as answers to requests. Files are opened and read on the worker pool, in pieces of at most `body_piece`: the first
/// with the head of the answer, each further one when the one before has left. docs/http.md says what a request is answered.
class files final : public responder, public std::enable_shared_from_this<files> {
public:
  files(std::string directory, file_options o) : root_(std::move(directory)), options_(std::move(o)) {}

  void on_request(asked&& r, std::shared_ptr<answer_port> to) const override;

  /// The answer, with the first piece of its body. On the worker pool.
  answer_content look_up(const asked& r) const;

private:
  struct choice;
  open_file open_named(const asked& r, std::string& name) const;
  answer_content serve(const asked& r, choice c) const;
  answer_content refuse(const open_file& f, const asked& r) const;

  file_root root_;
  file_options options_;
};

} // namespace swill::net::http
