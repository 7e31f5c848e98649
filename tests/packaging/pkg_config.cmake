# Compiles and runs the program in SOURCE with nothing but the compiler and what pkg-config says.
include(${CMAKE_CURRENT_LIST_DIR}/check_flags.cmake)
set(ENV{PKG_CONFIG_PATH} "${UNROLL_PREFIX}/share/pkgconfig:$ENV{PKG_CONFIG_PATH}")
execute_process(COMMAND ${PKG_CONFIG} --cflags unroll OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND ${flags})
if(COMPILER_ID MATCHES Clang)
  # pkg-config has no -isystem, and Eigen's own headers are not free of clang's -Wsign-conversion.
  list(APPEND flags --system-header-prefix=Eigen/)
endif()

set(program ${UNROLL_PREFIX}/consumer)
set(command ${COMPILER} -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Werror ${flags} ${SOURCE}/main.cpp -o ${program})
list(JOIN command " " text)
check_flags("${text}" ${UNROLL_PREFIX}/share/pkgconfig/../../include)
execute_process(COMMAND ${command} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${program} COMMAND_ERROR_IS_FATAL ANY)
