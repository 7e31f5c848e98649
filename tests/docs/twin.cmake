# The blocks of C++ of PAGE are those of TWIN, which is the same page in English and is compiled.
foreach(page IN ITEMS PAGE TWIN)
  file(READ ${${page}} text)
  string(REGEX MATCHALL "\n```cpp\n[^`]*\n```\n" ${page}_blocks "${text}")
endforeach()
if(NOT PAGE_blocks STREQUAL TWIN_blocks)
  message(FATAL_ERROR "${PAGE}: its blocks of C++ are not those of ${TWIN}")
endif()
