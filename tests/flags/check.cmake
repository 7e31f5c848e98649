# Compiles SOURCE with FLAGS. `right`: it compiles, and the program ends with 0; `refused`: an error of ours stops it.
# With NM, which lists the functions of a program, none of it may be an operation on registers that are wider than those
# of the flags: it would be called from where it had to be inlined, and take ten times as long.
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
  if(NM)
    execute_process(COMMAND ${NM} -C ${PROGRAM} OUTPUT_VARIABLE functions COMMAND_ERROR_IS_FATAL ANY)
    if(functions MATCHES "[^\n]*detail::[a-z_]+\\((float __vector\\((8|16)\\)|double __vector\\((4|8)\\))[^\n]*")
      message(FATAL_ERROR "${SOURCE}: not inlined: ${CMAKE_MATCH_0}")
    endif()
  endif()
elseif(EXPECTED STREQUAL right OR NOT text MATCHES "error: [^\n]*unroll: ")
  message(FATAL_ERROR "${SOURCE} does not compile with ${FLAGS}:\n${text}")
endif()
