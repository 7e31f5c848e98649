# COMPILEs SOURCE: it must fail and print the text of its first line, `// expect: text`.
file(STRINGS ${SOURCE} first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${SOURCE}: the first line must be `// expect: text the compiler prints`")
endif()
set(expected "${CMAKE_MATCH_1}")
set(ENV{LC_ALL} C)  # the compiler's words in English

# What comes after the first error takes most of the time, and seldom matters: for the words of a note.
foreach(first_alone IN ITEMS -Wfatal-errors "")
  execute_process(COMMAND ${COMPILE} ${first_alone} ${SOURCE}
    RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(code EQUAL 0)
    message(FATAL_ERROR "${SOURCE} compiles and must not")
  endif()
  string(FIND "${text}" "${expected}" place)
  if(NOT place EQUAL -1)
    return()
  endif()
endforeach()
message(FATAL_ERROR "${SOURCE} is refused without the words\n  ${expected}\nthe compiler printed:\n${text}")
