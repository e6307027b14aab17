#include "libswill/net/http/files.hpp"

#include "libswill/base/text.hpp"
#include "libswill/net/http/conditions.hpp"
#include "libswill/net/http/date.hpp"
#include "libswill/net/http/media_type.hpp"
#include "libswill/net/http/path.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace swill::net::http {

namespace {

/// What is left of a file after its first piece.
class file_source final : public body_source {
public:
  file_source(open_file f, std::uint64_t at, std::uint64_t left) : file_(std::move(f)), at_(at), left_(left) {}

  std::size_t read(std::byte* to, std::size_t room) noexcept override {
    const std::size_t n = file_.read(at_, to, static_cast<std::size_t>(std::min<std::uint64_t>(room, left_)));
    at_ += n;
    left_ -= n;
    if (left_ == 0) file_ = open_file{}; // closed here, not by the I/O thread
    return n;
  }

private:
  open_file file_;
  std::uint64_t at_;
  std::uint64_t left_;
};

std::string hex(std::uint64_t n) {
  char text[16];
  return {text, std::to_chars(text, text + sizeof text, n, 16).ptr};
}

/// Names that begin with a dot are not for the world, but for the place that RFC 8615 gives to what is.
bool is_hidden(std::string_view path) {
  constexpr std::string_view well_known = "/.well-known/";
  if (path.starts_with(well_known)) path.remove_prefix(well_known.size() - 1);
  return path.find("/.") != std::string_view::npos;
}

bool last_part_has_dot(std::string_view path) {
  return path.substr(path.rfind('/') + 1).find('.') != std::string_view::npos;
}

answer_content plain(int status, std::string text, header_list headers = {}) {
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  return {.status = status, .headers = std::move(headers), .body = std::move(text)};
}

/// One request on its way to the pool and back.
class file_job final : public short_job {
public:
  file_job(std::shared_ptr<const files> f, asked&& r, std::shared_ptr<answer_port> to)
      : of_(std::move(f)), request_(std::move(r)), to_(std::move(to)) {}

  void run() noexcept override {
    try {
      if (to_->is_open()) made_ = of_->look_up(request_);
    } catch (...) { // no memory
      made_ = answer_content{.status = 503};
    }
  }
  void on_done() override { to_->respond(std::move(made_)); }

private:
  std::shared_ptr<const files> of_; // with the routers that lead to it
  asked request_;
  std::shared_ptr<answer_port> to_; // nobody else has it
  answer_content made_;
};

} // namespace

/// The file that is sent.
struct files::choice {
  open_file file;
  media_type type;
  std::string_view coding;     // of its bytes; empty: none
  std::string_view tag_ending; // so that each coding has a tag of its own
  bool varies = false;
};

void files::on_request(asked&& r, std::shared_ptr<answer_port> to) const {
  short_jobs& jobs = to->jobs();
  jobs.push(std::make_shared<file_job>(shared_from_this(), std::move(r), std::move(to)));
}

answer_content files::look_up(const asked& r) const {
  if (is_hidden(r.path)) return plain(404, "Not Found");
  std::string name;
  choice c{.file = open_named(r, name)};
  if (!c.file.is_regular()) return refuse(c.file, r);
  c.type = media_type_of(name);
  c.varies = options_.precompressed && c.type.is_compressible;
  if (c.varies) {
    for (const auto& [coding, ending] : {std::pair{"br", ".br"}, std::pair{"gzip", ".gz"}}) {
      if (!accepts_coding(r.head.headers, coding)) continue;
      open_file packed = root_.open(name + ending);
      if (!packed.is_regular() || packed.changed() < c.file.changed()) continue;
      c.file = std::move(packed);
      c.coding = coding;
      c.tag_ending = ending;
      break;
    }
  }
  return serve(r, std::move(c));
}

/// The file of a path, by the name that says what it is. What it gives is a directory where the path lacks its slash.
open_file files::open_named(const asked& r, std::string& name) const {
  const std::string_view rest = std::string_view{r.path}.substr(r.mounted_at);
  if (rest.empty()) return {open_file::kind::directory, 0};
  name = rest.substr(1);
  open_file f;
  if (!name.empty() && !name.ends_with('/'))
    f = root_.open(name);
  else if (!options_.index.empty())
    f = root_.open(name += options_.index);
  if (f.what() == open_file::kind::missing && !options_.fallback.empty() && !last_part_has_dot(rest))
    f = root_.open(name = options_.fallback);
  return f;
}

answer_content files::refuse(const open_file& f, const asked& r) const {
  switch (f.what()) {
    case open_file::kind::directory: {
      if (options_.index.empty() || r.path.ends_with('/')) return plain(404, "Not Found");
      std::string to = encoded_path(r.path) + '/';
      if (const auto query = query_of(r.head.target); !query.empty()) to.append("?").append(query);
      return plain(301, "Moved Permanently", {{"Location", std::move(to)}});
    }
    case open_file::kind::forbidden: {
      answer_content a = plain(403, "Forbidden");
      a.trouble = "a file may not be read: " + root_.directory() + r.path;
      return a;
    }
    case open_file::kind::failed: {
      answer_content a = plain(503, "Service Unavailable", {{"Retry-After", "1"}});
      a.trouble = "files in " + root_.directory() + " cannot be opened: " + std::strerror(f.error());
      return a;
    }
    case open_file::kind::missing:
    case open_file::kind::regular: break;
  }
  return plain(404, "Not Found");
}

answer_content files::serve(const asked& r, choice c) const {
  const std::uint64_t size = c.file.size();
  const validators v{'"' + hex(static_cast<std::uint64_t>(c.file.changed())) + '-' + hex(size) +
                         std::string{c.tag_ending} + '"',
                     c.file.changed_second()};
  answer_content a;
  a.headers = {{"ETag", v.tag}};
  if (!options_.cache_control.empty()) a.headers.emplace_back("Cache-Control", options_.cache_control);
  if (c.varies) a.headers.emplace_back("Vary", "Accept-Encoding");
  a.status = status_by_conditions(r.head.headers, v);
  if (a.status == 304) return a;
  if (a.status == 412) return plain(412, "Precondition Failed");

  const range_verdict part = r.head.method == "GET" ? range_of(r.head.headers, v, size) : range_verdict{};
  if (part.status == 416)
    return plain(416, "Range Not Satisfiable", {{"Content-Range", "bytes */" + std::to_string(size)}});
  const byte_range sent = part.status == 206 ? part.range : byte_range{0, size};
  a.status = part.status;
  a.headers.emplace_back("Content-Type", c.type.text);
  a.headers.emplace_back("X-Content-Type-Options", "nosniff");
  a.headers.emplace_back("Last-Modified", date_text(v.changed));
  a.headers.emplace_back("Accept-Ranges", "bytes");
  if (!c.coding.empty()) a.headers.emplace_back("Content-Encoding", c.coding);
  if (a.status == 206) {
    a.headers.emplace_back("Content-Range", "bytes " + std::to_string(sent.first) + '-' +
                                                std::to_string(sent.first + sent.size - 1) + '/' +
                                                std::to_string(size));
  }
  a.left = sent.size;
  if (r.head.method == "HEAD") return a;
  a.body.resize(static_cast<std::size_t>(std::min<std::uint64_t>(sent.size, body_piece)));
  a.body.resize(c.file.read(sent.first, reinterpret_cast<std::byte*>(a.body.data()), a.body.size()));
  a.left -= a.body.size();
  if (a.left != 0) a.rest = std::make_shared<file_source>(std::move(c.file), sent.first + a.body.size(), a.left);
  return a;
}

} // namespace swill::net::http
