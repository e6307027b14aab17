#pragma once

namespace swill {
class app;
}

namespace swill::bench {

/// How often the actor that serves `ask.16` asks another for each of its calls.
inline constexpr int exchanges_per_ask = 4'000;

/// Handlers that are actors on the pool: `a.add` is one; `k.add` is one for each of 64 keys; `ask.16` and `ask.800` are one that asks another as
/// often as above, with so many requests in flight, which takes nothing of Swill.
void add_actors(app& a);

} // namespace swill::bench
