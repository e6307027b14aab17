# Installs a build into an empty prefix, builds the example against it in a directory outside the tree, runs the example.
# Variables: SWILL_BUILD, EXAMPLE, WORK, CXX, GENERATOR.

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

run(${CMAKE_COMMAND} --install "${SWILL_BUILD}" --prefix "${WORK}/prefix")
file(COPY "${EXAMPLE}/" DESTINATION "${outside}/source")
run(${CMAKE_COMMAND} -S "${outside}/source" -B "${outside}/build" -G "${GENERATOR}"
  "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_PREFIX_PATH=${WORK}/prefix" -DCMAKE_BUILD_TYPE=Debug)
run(${CMAKE_COMMAND} --build "${outside}/build")
run("${outside}/build/example")
if(NOT output MATCHES "2 \\+ 3 = 5")
  fail("the example printed: ${output}")
endif()
file(REMOVE_RECURSE "${outside}")
