# One line, once a project, where nothing would be optimised: no build type, and no -O of the user's own.
get_property(several GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
get_property(told GLOBAL PROPERTY UNROLL_TOLD_OF_BUILD_TYPE)
if(NOT several AND NOT told AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CXX_FLAGS MATCHES "[-/]O[1-3sfg2x]")
  set_property(GLOBAL PROPERTY UNROLL_TOLD_OF_BUILD_TYPE TRUE)
  message(NOTICE "unroll: no build type is set, so nothing is optimised and a network takes about 200 times as long: "
    "configure with -D CMAKE_BUILD_TYPE=Release")
endif()
