# Our target must not choose the processor nor the rounding of its user's program. And these tests must find our headers
# with -I, because the compiler keeps silent about the warnings of those it finds with -isystem.
function(check_flags command include_dir)
  if(command MATCHES " (-m[^ ]+|-f[^ ]*math[^ ]*|-O[^ ]*)")
    message(FATAL_ERROR "unroll brings ${CMAKE_MATCH_1} into a user's command:\n${command}")
  endif()
  string(FIND "${command}" "-I${include_dir}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "unroll's headers are not found with -I${include_dir}:\n${command}")
  endif()
endfunction()
