# Compiles SOURCE with FLAGS. `right`: it compiles, and the program ends with 0; `refused`: an error of ours stops it.
set(ENV{LC_ALL} C)  # the compiler's words in English
list(TRANSFORM EIGEN_INCLUDE PREPEND -isystem OUTPUT_VARIABLE eigen)
execute_process(
  COMMAND ${COMPILER} -std=c++20 -O2 -Wfatal-errors -o ${PROGRAM} -I${UNROLL_INCLUDE} ${eigen} ${FLAGS} ${SOURCE} -pthread
  RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
if(code EQUAL 0)
  if(EXPECTED STREQUAL refused)
    message(FATAL_ERROR "${SOURCE} compiles with ${FLAGS} and must not")
  endif()
  if(NOT FLAGS MATCHES -fsyntax-only)
    execute_process(COMMAND ${PROGRAM} COMMAND_ERROR_IS_FATAL ANY)
  endif()
elseif(EXPECTED STREQUAL right OR NOT text MATCHES "error: [^\n]*unroll: ")
  message(FATAL_ERROR "${SOURCE} does not compile with ${FLAGS}:\n${text}")
endif()
