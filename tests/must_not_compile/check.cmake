# COMPILEs SOURCE: it must fail and print the text of its first line, `// expect: text`, within the first lines that the
# compiler prints: 15, or as many as the second line says, `// within: 30 lines`.
file(STRINGS ${SOURCE} lines LIMIT_COUNT 2)
list(GET lines 0 first_line)
if(NOT first_line MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${SOURCE}: the first line must be `// expect: text the compiler prints`")
endif()
set(expected "${CMAKE_MATCH_1}")
set(within 15)
if(lines MATCHES ";// within: ([0-9]+) lines")
  set(within ${CMAKE_MATCH_1})
endif()
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
    string(SUBSTRING "${text}" 0 ${place} before)
    string(REGEX MATCHALL "\n" line_ends "${before}")
    list(LENGTH line_ends line)
    if(line LESS within)
      return()
    endif()
    message(FATAL_ERROR "${SOURCE} is refused with the words\n  ${expected}\n"
      "behind the first ${within} lines of what the compiler printed:\n${text}")
  endif()
endforeach()
message(FATAL_ERROR "${SOURCE} is refused without the words\n  ${expected}\nthe compiler printed:\n${text}")
