# How our own code is compiled: warnings, sanitizers, compiler cache, linker. Nothing here reaches users of the package,
# except what a sanitizer needs at link time.

add_library(swill_build_flags INTERFACE)

target_compile_options(swill_build_flags INTERFACE
  -Wall -Wextra -Wpedantic
  -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wold-style-cast -Wextra-semi
  # Designated initializers leave members out on purpose: the rest has defaults.
  -Wno-missing-field-initializers)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Its plain -Wshadow also complains about constructor parameters that are named as the members they initialize.
  target_compile_options(swill_build_flags INTERFACE -Wshadow=local -Wduplicated-cond)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms of g++ 12 in inlined std::string, std::variant and coroutine frames (GCC bugs 105651, 105593).
    target_compile_options(swill_build_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-dangling-pointer)
  endif()
else()
  target_compile_options(swill_build_flags INTERFACE -Wshadow)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Points-to analysis takes g++ a fourteenth of its time. Without it a call of `add` takes 909 instructions instead of 905 (docs/decisions/0138).
  target_compile_options(swill_build_flags INTERFACE $<$<CONFIG:Release>:-fno-tree-pta>)
endif()

if(SWILL_WERROR)
  target_compile_options(swill_build_flags INTERFACE -Werror)
  # These depend on how far the optimizer looks; a new compiler must not break a build over them.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(swill_build_flags INTERFACE
      -Wno-error=array-bounds -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-error=null-dereference)
  endif()
endif()

# --- sanitizers

if(SWILL_SANITIZE STREQUAL "address")
  # CAF's headers form references from null and call through unrelated vtables: UBSan's null and vptr cry wolf there.
  set(_sanitize -fsanitize=address,undefined -fno-sanitize=null,vptr -fno-sanitize-recover=undefined)
elseif(SWILL_SANITIZE STREQUAL "thread")
  set(_sanitize -fsanitize=thread)
elseif(SWILL_SANITIZE STREQUAL "fuzzer")
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "SWILL_SANITIZE=fuzzer needs clang++ (libFuzzer)")
  endif()
  # function: clang 14 cannot emit that check for the parts into which it splits a coroutine.
  set(_sanitize -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=null,vptr,function
    -fno-sanitize-recover=undefined)
elseif(SWILL_SANITIZE)
  message(FATAL_ERROR "SWILL_SANITIZE is '${SWILL_SANITIZE}'; known: address, thread, fuzzer")
endif()
if(SWILL_SANITIZE)
  add_compile_options(${_sanitize} -fno-omit-frame-pointer)
  add_link_options(${_sanitize})
endif()

# --- compiler cache

find_program(SWILL_CCACHE ccache)
mark_as_advanced(SWILL_CCACHE)
if(SWILL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache's manual asks for with precompiled headers. Depend mode asks the compiler, which tells Ninja anyway, what a
  # file includes, instead of preprocessing the file first.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${SWILL_CCACHE})
  if(SWILL_PRECOMPILED_HEADERS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

# The linker is the system's own. LLD 14 indexes two unwind entries that begin at one address, of which g++ 12 makes the first empty
# (an empty cold part of a function), by the empty one: an exception then finds no handler, and the process ends in std::terminate.
