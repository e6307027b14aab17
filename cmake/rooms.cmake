# swill_batch(<target> [<most>]): compiles SWILL_BATCH sources at a time, or <most> if that is less, so that headers which many of them include
# are read once for all. Where SWILL_BATCH is not set, each is compiled by itself.
function(swill_batch target)
  if(SWILL_BATCH)
    set(size ${SWILL_BATCH})
    if(ARGC GREATER 1 AND ARGV1 LESS SWILL_BATCH)
      set(size ${ARGV1})
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
    # A class of one source with a member whose type is in no named namespace: g++ takes the batch for a header.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    # g++ collects its garbage from 128 MB on, again and again: with 1 GB at most once in the largest batch, which spares a tenth of the time.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1000000>)
  endif()
endfunction()

# swill_compile_sooner(<target> [<level> [<flag>...]]): in a release, optimizes by <level>, which is -O1 unless one is given, and with g++ by these
# flags as well. Small functions are inlined, without which C++ is slow. A fifth to a third less time in the compiler than -O2, for what does not run
# for every message.
function(swill_compile_sooner target)
  get_target_property(precompiled ${target} PRECOMPILE_HEADERS_REUSE_FROM)
  if(precompiled AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    return() # to these a precompiled header is good for the level of optimization alone that it was made with
  endif()
  set(flags ${ARGN})
  set(level -O1)
  if(flags)
    list(POP_FRONT flags level)
  endif()
  list(APPEND flags -finline-small-functions -findirect-inlining -fpartial-inlining)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${level}>
    "$<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>>:${flags}>")
endfunction()

# swill_room(<name> <directory> [PUBLIC ...] [PRIVATE ...] [PRECOMPILE ... | PRECOMPILED_BY <room>] [WITHOUT <directory>])
#
# One room of the library: target swill_<name>, exported as swill::<name>, from every .cpp below the directory, but for
# those below WITHOUT, which are a room of their own. Its precompiled headers are its own, or those of a room that it links.
# A room without sources is an INTERFACE library with the same name and the same arrows.
function(swill_room name directory)
  cmake_parse_arguments(ROOM "" "WITHOUT;PRECOMPILED_BY" "PUBLIC;PRIVATE;PRECOMPILE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${directory}/*.cpp")
  if(ROOM_WITHOUT)
    list(FILTER sources EXCLUDE REGEX "/${ROOM_WITHOUT}/")
  endif()
  if(sources)
    add_library(swill_${name} STATIC ${sources})
    swill_batch(swill_${name})
    set(scope PUBLIC)
    target_link_libraries(swill_${name} PRIVATE $<BUILD_INTERFACE:swill_build_flags> ${ROOM_PRIVATE})
    if(SWILL_PRECOMPILED_HEADERS AND ROOM_PRECOMPILE)
      target_precompile_headers(swill_${name} PRIVATE ${ROOM_PRECOMPILE})
    elseif(SWILL_PRECOMPILED_HEADERS AND ROOM_PRECOMPILED_BY)
      target_precompile_headers(swill_${name} REUSE_FROM swill_${ROOM_PRECOMPILED_BY})
    endif()
  else()
    add_library(swill_${name} INTERFACE)
    set(scope INTERFACE)
    target_link_libraries(swill_${name} INTERFACE ${ROOM_PRIVATE})
  endif()
  target_compile_features(swill_${name} ${scope} cxx_std_20)
  target_include_directories(swill_${name} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${SWILL_INSTALL_HEADERS}>)
  target_link_libraries(swill_${name} ${scope} ${ROOM_PUBLIC})
  set_target_properties(swill_${name} PROPERTIES EXPORT_NAME ${name})
  add_library(swill::${name} ALIAS swill_${name})
  set_property(GLOBAL APPEND PROPERTY SWILL_ROOMS swill_${name})
endfunction()

# swill_app(<target> <directory> [<library>...] [PRECOMPILED_BY <room>]): one program from the sources of apps/<directory>.
function(swill_app target directory)
  cmake_parse_arguments(APP "" "PRECOMPILED_BY" "" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/apps/${directory}/*.cpp")
  if(NOT sources)
    return()
  endif()
  # The library took the plain name, so a program called swill has a target called swill-cli.
  set(output ${target})
  if(target STREQUAL "swill")
    set(target swill-cli)
  endif()
  add_executable(${target} ${sources})
  swill_batch(${target})
  if(SWILL_PRECOMPILED_HEADERS AND APP_PRECOMPILED_BY)
    target_precompile_headers(${target} REUSE_FROM swill_${APP_PRECOMPILED_BY})
  endif()
  if(target STREQUAL "swill-cli")
    swill_compile_sooner(${target} -Og) # it waits for people and servers
  elseif(NOT target MATCHES "bench") # which measures
    swill_compile_sooner(${target})
  endif()
  target_link_libraries(${target} PRIVATE swill_build_flags swill_program_options swill::swill ${APP_UNPARSED_ARGUMENTS})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${output}
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin"
    ENABLE_EXPORTS ON) # -rdynamic: stack traces have names
  set_property(GLOBAL APPEND PROPERTY SWILL_PROGRAMS ${target})
endfunction()
