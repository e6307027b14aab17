# Finds RE2 as target re2::re2: by its CMake package where there is one (it also names Abseil, which newer versions
# need), else by header and library (Debian 12).

find_package(re2 CONFIG QUIET)
if(TARGET re2::re2)
  set(Re2_LOCATION "${re2_DIR}")
else()
  find_path(Re2_INCLUDE_DIR re2/re2.h)
  find_library(Re2_LIBRARY re2)
  mark_as_advanced(Re2_INCLUDE_DIR Re2_LIBRARY)
  if(Re2_INCLUDE_DIR AND Re2_LIBRARY)
    set(Re2_LOCATION "${Re2_LIBRARY}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Re2 REQUIRED_VARS Re2_LOCATION)

if(Re2_FOUND AND NOT TARGET re2::re2)
  find_package(Threads REQUIRED)
  add_library(re2::re2 UNKNOWN IMPORTED)
  set_target_properties(re2::re2 PROPERTIES
    IMPORTED_LOCATION "${Re2_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Re2_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
