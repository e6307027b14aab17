#pragma once

#include "actors/request_id.hpp"

#include <caf/all.hpp>

#include <mutex>
#include <string_view>
#include <unordered_map>

namespace swill::actors {

class connection_actor;
class directory;
class request_call;

/// Part of the state of a request that was asked for its id.
struct request_identity {
  request_identity();
  request_identity& operator=(request_identity&&) = delete;
  ~request_identity();

  const request_id id;
  directory* listed_in = nullptr; ///< changed under its mutex, when it is first listed
};

/// A unit's connections by their ids, and those of its requests that were asked for theirs. From any thread.
class directory {
public:
  void add(connection_actor& c);
  void remove(const connection_actor& c);
  /// Lists the request if it is not listed yet.
  void add(request_identity& i, const request_call& r);
  void remove(const request_identity& i);

  /// The actor of an open request; null when it was killed.
  caf::strong_actor_ptr actor_of(const request_call& r) const;
  /// The actor of a request was killed, on its thread.
  void forget_actor(request_call& r);

  /// Null: there is none.
  caf::strong_actor_ptr find(std::string_view connection) const;
  caf::strong_actor_ptr find(request_id id) const;

private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string_view, connection_actor*> connections_; ///< by what the connections hold
  std::unordered_map<request_id, caf::strong_actor_ptr> requests_;
};

} // namespace swill::actors
