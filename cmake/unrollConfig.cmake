include(CMakeFindDependencyMacro)
# Without a version: see unroll's CMakeLists.txt.
if(NOT TARGET Eigen3::Eigen)
  find_dependency(Eigen3 NO_MODULE)
endif()
# For unroll::io alone.
if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json QUIET)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/unrollTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/build_type.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/compiled.cmake)
