# Finds the headers of msgpack-cxx as target MsgpackCxx::headers. Its own CMake package changed name between 4 and 5 and
# pulls in Boost, which MSGPACK_NO_BOOST makes unnecessary.

find_path(MsgpackCxx_INCLUDE_DIR msgpack.hpp)
mark_as_advanced(MsgpackCxx_INCLUDE_DIR)

set(_msgpack_header "${MsgpackCxx_INCLUDE_DIR}/msgpack/version_master.hpp")
if(MsgpackCxx_INCLUDE_DIR AND EXISTS "${_msgpack_header}")
  set(MsgpackCxx_VERSION "")
  foreach(_msgpack_part MAJOR MINOR REVISION)
    file(STRINGS "${_msgpack_header}" _msgpack_line REGEX "MSGPACK_VERSION_${_msgpack_part} +[0-9]+")
    string(REGEX MATCH "[0-9]+" _msgpack_number "${_msgpack_line}")
    list(APPEND MsgpackCxx_VERSION "${_msgpack_number}")
  endforeach()
  list(JOIN MsgpackCxx_VERSION "." MsgpackCxx_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MsgpackCxx
  REQUIRED_VARS MsgpackCxx_INCLUDE_DIR
  VERSION_VAR MsgpackCxx_VERSION)

if(MsgpackCxx_FOUND AND NOT TARGET MsgpackCxx::headers)
  add_library(MsgpackCxx::headers INTERFACE IMPORTED)
  set_target_properties(MsgpackCxx::headers PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${MsgpackCxx_INCLUDE_DIR}"
    INTERFACE_COMPILE_DEFINITIONS MSGPACK_NO_BOOST)
endif()
