# COMPILEs SOURCE twice: as it is it must fail and print the text of its first line, `// expect: text`;
# with -DUNROLL_MUST_COMPILE it must pass, which shows that nothing but the misuse was refused.
file(STRINGS ${SOURCE} first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${SOURCE}: the first line must be `// expect: text the compiler prints`")
endif()
set(expected "${CMAKE_MATCH_1}")
set(ENV{LC_ALL} C)  # the compiler's words in English

function(compile result output)
  execute_process(COMMAND ${COMPILE} -fsyntax-only ${ARGN} ${SOURCE}
    RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  set(${result} ${code} PARENT_SCOPE)
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

compile(code text -DUNROLL_MUST_COMPILE)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${SOURCE} does not compile with -DUNROLL_MUST_COMPILE:\n${text}")
endif()
compile(code text)
if(code EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles and must not")
endif()
string(FIND "${text}" "${expected}" place)
if(place EQUAL -1)
  message(FATAL_ERROR "${SOURCE} is refused without the words\n  ${expected}\nthe compiler printed:\n${text}")
endif()
