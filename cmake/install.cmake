# What `cmake --install` puts where, and the package behind find_package(swill).
#
# Headers keep their root-relative names under one directory of ours: include/swill/libswill/..., include/swill/actors/...

include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY SWILL_ROOMS)
install(TARGETS ${rooms} EXPORT swill-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")

foreach(directory libswill actors sessions pubsub programs)
  if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${directory}")
    install(DIRECTORY "${directory}" DESTINATION "${SWILL_INSTALL_HEADERS}" FILES_MATCHING PATTERN "*.hpp")
  endif()
endforeach()

# The pipes, clocks and fixtures of our own tests are for those of applications too.
if(TARGET swill_test_support)
  install(TARGETS swill_test_support EXPORT swill-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(DIRECTORY tests/support DESTINATION "${SWILL_INSTALL_HEADERS}/tests" FILES_MATCHING PATTERN "*.hpp")
endif()

get_property(programs GLOBAL PROPERTY SWILL_PROGRAMS)
list(FILTER programs INCLUDE REGEX "^swill-(gateway|worker|cli)$")
if(programs)
  install(TARGETS ${programs} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

# What `swill new` makes projects of.
install(DIRECTORY templates DESTINATION "${CMAKE_INSTALL_DATADIR}/swill")

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# What `cmake --install` takes, and nothing else.
add_custom_target(swill_installed)
add_dependencies(swill_installed ${rooms} ${programs})
if(TARGET swill_test_support)
  add_dependencies(swill_installed swill_test_support)
endif()

set(package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/swill")
install(EXPORT swill-targets NAMESPACE swill:: DESTINATION "${package_directory}")
configure_package_config_file(cmake/swill-config.cmake.in "${PROJECT_BINARY_DIR}/swill-config.cmake"
  INSTALL_DESTINATION "${package_directory}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/swill-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/swill-config.cmake"
  "${PROJECT_BINARY_DIR}/swill-config-version.cmake"
  # Find modules for what brings no CMake package of its own.
  cmake/FindCAF.cmake cmake/FindHiredis.cmake cmake/FindMsgpackCxx.cmake cmake/FindRe2.cmake
  DESTINATION "${package_directory}")
