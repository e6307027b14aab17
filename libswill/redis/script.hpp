#pragma once

#include "libswill/redis/client.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swill::redis {

namespace detail {

/// What a script calls its keys and arguments, in the order in which they travel. Views of constants.
struct script_names {
  std::span<const std::string_view> keys;
  std::span<const std::string_view> arguments;
  std::span<const std::string_view> each_keys; ///< of each group
  std::span<const std::string_view> each_arguments;
};

/// A place in script_values.
struct script_place {
  bool is_key;
  std::size_t index;
};

/// Where `name` stands in one of the two lists. For the compiler, which refuses a name that is in neither.
consteval script_place place_of(std::string_view name, std::span<const std::string_view> keys,
                                std::span<const std::string_view> arguments) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == name) return {true, i};
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == name) return {false, i};
  }
  throw "the script has no key or argument of this name";
}

/// The names of `Names`, a struct as script_of describes it.
template <class Names>
constexpr script_names names_of() {
  script_names n;
  if constexpr (requires { Names::keys; }) n.keys = Names::keys;
  if constexpr (requires { Names::arguments; }) n.arguments = Names::arguments;
  if constexpr (requires { Names::each_keys; }) n.each_keys = Names::each_keys;
  if constexpr (requires { Names::each_arguments; }) n.each_arguments = Names::each_arguments;
  return n;
}

template <class Part>
inline constexpr std::size_t names_in = 1;
template <std::size_t N>
inline constexpr std::size_t names_in<std::array<std::string_view, N>> = N;
constexpr std::string_view* put_names(std::string_view* to, std::string_view name) {
  *to = name;
  return to + 1;
}
template <std::size_t N>
constexpr std::string_view* put_names(std::string_view* to, const std::array<std::string_view, N>& list) {
  return std::copy(list.begin(), list.end(), to);
}

} // namespace detail

/// A list of names, each a literal, or all those of another list.
template <class... Parts>
constexpr auto names(const Parts&... parts) {
  std::array<std::string_view, (detail::names_in<Parts> + ...)> all;
  std::string_view* to = all.data();
  ((to = detail::put_names(to, parts)), ...);
  return all;
}

/// A Lua script, which Redis runs as one step. A client sends it in full the first time on each connection, and by its digest from then on:
/// what it is asked to run, Redis runs in that order. (Not after SCRIPT FLUSH: what Redis does not know any more is sent again.)
/// Immutable: any number of clients and threads may share it; it must outlive the answers. A script_of has one.
class script {
public:
  /// `fits`: what its replies look like.
  script(const detail::script_names& names, std::string_view body, reply_check fits);

  /// Its SHA-1, the name that Redis gives to it: 40 hex digits.
  const std::string& digest() const noexcept { return digest_; }
  const std::string& source() const noexcept { return source_; }
  reply_check fits() const noexcept { return fits_; }
  /// EVALSHA and the digest, encoded.
  const std::string& by_digest() const noexcept { return by_digest_; }
  const detail::script_names& names() const noexcept { return names_; }

private:
  detail::script_names names_;
  std::string source_;
  reply_check fits_;
  std::string digest_;
  std::string by_digest_;
};

/// A script whose keys and arguments have names, the same in Lua and in C++. `Names` is a struct of lists of them, each a static constexpr list that
/// `redis::names` makes, and each of which may be missing:
///   `keys`, `arguments`              `body` finds each in a local variable of its name; none looks into KEYS and ARGV.
///   `each_keys`, `each_arguments`    of what a call may add any number of: `body` finds a table for each of these groups, in which they are,
///                                    in the list `each`.
/// A name stands in one of these lists.
template <class Names>
class script_of : public script {
public:
  /// `fits`: what its replies look like.
  explicit script_of(std::string_view body, reply_check fits = nullptr)
      : script(detail::names_of<Names>(), body, fits) {}
};

/// What a script is to be run with. A script_call fills it.
class script_values {
public:
  explicit script_values(const script& s);

  /// Runs the script on `c` (on its thread), with copies of its values. Throws std::logic_error, which names the key or argument, when one has
  /// no value.
  void run(client& c, client::callback f) const { c.run(*this, std::move(f)); }

  const script& of() const noexcept { return *script_; }
  /// How many arguments EVALSHA has, itself included.
  std::size_t words() const noexcept { return 3 + keys_.size() + arguments_.size(); }
  /// Appends these arguments to a command, from the number of keys on. Throws as run.
  void append_to(std::string& command) const;

protected:
  template <class... Parts>
  void set(detail::script_place p, const Parts&... parts) {
    const std::size_t begin = text_.size();
    (append(parts), ...);
    (p.is_key ? keys_ : arguments_)[p.index] = {begin, text_.size() - begin};
  }
  /// Room for one more of each of `each_keys` and `each_arguments`.
  void add_group();

private:
  struct range {
    std::size_t begin = std::string::npos; ///< in text_; npos: no value yet
    std::size_t size = 0;
  };
  void append(std::string_view part) { text_ += part; }
  template <std::integral Number>
  void append(Number part) {
    text_ += std::to_string(part);
  }
  void append_to(std::string& command, const std::vector<range>& values, std::span<const std::string_view> names,
                 std::span<const std::string_view> each) const;

  const script* script_;
  std::string text_; ///< the values
  std::vector<range> keys_;
  std::vector<range> arguments_;
};

/// One call of a script: its keys and arguments by name, in any order, and then `run`. A name that the script does not have is an error of the
/// compiler.
template <class Names>
class script_call : public script_values {
  static constexpr detail::script_names names = detail::names_of<Names>();

public:
  explicit script_call(const script_of<Names>& s) : script_values(s) {}

  /// The name of a key or argument.
  struct name {
    consteval name(const char* text) : place(detail::place_of(text, names.keys, names.arguments)) {}
    detail::script_place place;
  };
  /// Sets it to the parts, one after the other: texts, whole numbers as decimals, true as 1 and false as 0. They are copied.
  template <class... Parts>
  void set(name n, const Parts&... parts) {
    script_values::set(n.place, parts...);
  }

  /// A group's keys and arguments, as the call's own. Good until the call is destroyed.
  class group {
  public:
    struct name {
      consteval name(const char* text) : place(detail::place_of(text, names.each_keys, names.each_arguments)) {}
      detail::script_place place;
    };
    template <class... Parts>
    void set(name n, const Parts&... parts) {
      n.place.index += n.place.is_key ? keys_ : arguments_;
      call_.script_values::set(n.place, parts...);
    }

  private:
    friend class script_call;
    group(script_call& c, std::size_t i)
        : call_(c),
          keys_(names.keys.size() + i * names.each_keys.size()),
          arguments_(names.arguments.size() + i * names.each_arguments.size()) {}
    script_call& call_;
    std::size_t keys_;
    std::size_t arguments_;
  };
  group add() {
    add_group();
    return {*this, groups_++};
  }

private:
  std::size_t groups_ = 0;
};

/// A command (EVAL) that tries others, one after the other, in one step, and is answered with
/// - 1, when all can be done here;
/// - what Redis says, when it is of no use: a replica (READONLY), one without its primary (MASTERDOWN), and the like;
/// - "NOPERM …" with all names that this user may not use on these keys and channels, whatever else is wrong with them.
/// That Redis has no memory or cannot write to its disk is no error here: that passes. Each of `commands` should change nothing when it
/// works; one of them should be one that writes, or a replica is not found out. For client::set_check and subscriber::set_check.
std::vector<std::string> access_check(const std::vector<std::vector<std::string>>& commands);

} // namespace swill::redis
