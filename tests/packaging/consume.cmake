# Configures, builds and runs the project in CONSUMER, with none of this build's own flags.
include(${CMAKE_CURRENT_LIST_DIR}/check_flags.cmake)
unset(ENV{CXXFLAGS})

# How often a user is told that no build type is set.
function(configure told)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${CONSUMER} -B ${BUILD} -G ${GENERATOR} --no-warn-unused-cli
      -D CMAKE_CXX_COMPILER=${COMPILER}
      "-D CMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Wconversion -Werror"
      -D CMAKE_EXPORT_COMPILE_COMMANDS=ON
      -D unroll_ROOT=${UNROLL_PREFIX}
      -D UNROLL_SOURCE=${UNROLL_SOURCE}
      -D Eigen3_DIR=${EIGEN_DIR}
      ${ARGN}
    ERROR_VARIABLE messages ECHO_ERROR_VARIABLE
    COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "unroll: no build type is set" notices "${messages}")
  list(LENGTH notices count)
  if(NOT count EQUAL told)
    message(FATAL_ERROR "told ${count} times that no build type is set, expected ${told}")
  endif()
endfunction()

file(REMOVE_RECURSE ${BUILD})
configure(0 -D CMAKE_BUILD_TYPE=Release)
configure(1 -D CMAKE_BUILD_TYPE=)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${BUILD}/consumer COMMAND_ERROR_IS_FATAL ANY)

file(READ ${BUILD}/compile_commands.json commands)
string(JSON last LENGTH ${commands})
math(EXPR last "${last} - 1")
foreach(k RANGE ${last})
  string(JSON file GET ${commands} ${k} file)
  if(NOT file MATCHES "unroll_compiled")  # ours, which may be optimised
    string(JSON command GET ${commands} ${k} command)
    check_flags("${command}" ${INCLUDE_DIR})
  endif()
endforeach()

# A project that is not the top level gets no tests, examples or install rules of ours.
file(GLOB_RECURSE left_over ${BUILD}/test_* ${BUILD}/numpy_demo ${BUILD}/unroll.pc)
if(left_over)
  message(FATAL_ERROR "a user's build holds ${left_over}")
endif()
