#pragma once

#include "libswill/swill.hpp"
#include "programs/gateway/program_settings.hpp"

#include <string>

/// Somebody, as a message.
struct person {
  std::string name;
};
template <class D>
void describe(D& d, person& p) {
  d.field("name", p.name, swill::length{.min = 1, .max = 63});
}

/// All handlers. The server keeps copies of the backends' pointers for as long as it runs.
void add_handlers(swill::app& app, swill::backends& b);

/// The handler @NAME@.visits, which is an actor for each name.
void add_visits(swill::blueprint& to);

/// What clients may do with topics.
void add_topics(swill::backends& b);
