#pragma once

#include "libswill/base/value.hpp"
#include "libswill/client/options.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace swill::cli {

/// What the verbs of `swill conns` take.
struct conns_options {
  std::string action; ///< ls, show, close, cancel
  std::string node;
  std::string user;
  std::string topic;
  std::string address;
  std::string session;
  std::chrono::milliseconds older_than{0};
  std::size_t limit = 100;
  bool all = false;
  std::string id;
  std::uint64_t seq = 0; ///< of a request
  int code = 1008;
  std::string reason = "closed by an administrator";
  std::string cancel_reason = "cancelled by an administrator";
  std::string token_file;
};

/// What `swill pub` and `swill sub` take beside the topic.
struct topics_options {
  std::string key;            ///< idempotency key; empty: none
  std::optional<value> since; ///< position; none: from now on
  std::size_t count = 0;      ///< of messages, then it ends; 0: without end
};

/// What `swill gen` takes.
struct gen_options {
  std::string what;    ///< ts, js, json-schema, md
  std::string from;    ///< a file with what `swill introspect` has printed, instead of a server; empty: none
  std::string to;      ///< the file to write; empty: stdout
  bool check = false;  ///< looks whether that file is as it would be written, and does not write it
  bool bigint = false; ///< of ts
};

/// What `swill schema diff` takes: URLs, or files that `swill introspect` has printed.
struct schema_options {
  std::string before;
  std::string after;
};

/// What `swill new`, `add`, `dev` and `test` take beside a name.
struct project_options {
  bool cluster = false;
  std::vector<std::string> arguments; ///< of the program, or of ctest
};

/// The command line.
struct options {
  std::string verb;
  std::string url = "ws://127.0.0.1:8080/ws";
  bool json = false;
  std::chrono::milliseconds timeout{0}; ///< 0: none
  header_list headers;
  metadata extra; ///< -m
  bool verbose = false;
  std::string cookie_jar; ///< file; empty: none
  tls_client_options tls;

  std::string name;             ///< of a handler, or a topic
  std::optional<value> message; ///< the JSON that follows it
  std::string shape;            ///< of the handler: unary, up, down, both; empty: the server is asked

  std::size_t count = 4; ///< ping
  std::size_t connections = 8;
  std::size_t depth = 1;
  double seconds = 5;

  topics_options topics;
  conns_options conns;
  gen_options gen;
  schema_options schema;
  project_options project;

  swill::client_options client() const;
  swill::call_options call() const;
};

/// Reads the command line. Throws usage_error, and programs::file_error for a file that it names; `help` is set, and the rest is not, when help or the version was asked for.
options parse_options(int argc, char** argv, std::string& help);

/// Whether errors are to be JSON, also those of a command line that cannot be read.
bool asks_for_json(int argc, char** argv);

} // namespace swill::cli
