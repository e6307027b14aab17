# Builds an application in a directory outside the tree. With SWILL_BUILD: installs that build into an empty prefix, builds the application
# against it, runs it. With SWILL_SOURCE: configures the application with that tree as its subdirectory and compiles it, without the library.
# Variables: EXAMPLE, LISTS (the directory of its CMakeLists.txt), WORK, CXX, GENERATOR, and one of these two.

function(fail message)
  file(REMOVE_RECURSE "${outside}")
  message(NOTICE "${message}") # FATAL_ERROR alone would wrap the lines of a compiler
  message(FATAL_ERROR "the example failed")
endfunction()

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    fail("${command}\nended with ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# A copy in the temporary directory: nothing there can find a header of the tree by accident.
if(DEFINED ENV{TMPDIR})
  set(outside "$ENV{TMPDIR}")
else()
  set(outside /tmp)
endif()
string(RANDOM LENGTH 8 name)
set(outside "${outside}/swill-package-${name}")
file(REMOVE_RECURSE "${WORK}")
file(COPY "${EXAMPLE}/main.cpp" "${LISTS}/CMakeLists.txt" DESTINATION "${outside}/source")
set(configure ${CMAKE_COMMAND} -S "${outside}/source" -B "${outside}/build" -G "${GENERATOR}"
  "-DCMAKE_CXX_COMPILER=${CXX}" -DCMAKE_BUILD_TYPE=Debug)

if(DEFINED SWILL_SOURCE)
  file(CREATE_LINK "${SWILL_SOURCE}" "${outside}/source/swill" SYMBOLIC)
  run(${configure})
  if(GENERATOR STREQUAL "Ninja") # others have no target for one source
    run(${CMAKE_COMMAND} --build "${outside}/build" --target CMakeFiles/shop.dir/main.cpp.o)
  endif()
  file(REMOVE_RECURSE "${outside}")
  return()
endif()

run(${CMAKE_COMMAND} --install "${SWILL_BUILD}" --prefix "${WORK}/prefix")
run(${configure} "-DCMAKE_PREFIX_PATH=${WORK}/prefix")
run(${CMAKE_COMMAND} --build "${outside}/build")
run("${outside}/build/shop")
if(NOT output MATCHES "2 \\+ 3 = 5")
  fail("the example printed: ${output}")
endif()
file(REMOVE_RECURSE "${outside}")
