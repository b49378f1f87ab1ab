# Whether the lists in preload/base/hooked_functions.h, the hooks in preload/hooks and what the library exports agree.
#     cmake -DLISTED="a;b" -DHOOKS="a.cpp;b.cpp" -DLIBRARY=FILE -DNM=nm -P exports.cmake
foreach(name ${LISTED})
  list(APPEND listed ${name})
endforeach()

foreach(source ${HOOKS})
  file(READ ${source} text)
  string(REGEX MATCHALL "(CISTERN_EXPORT [^(;]*\\(|CISTERN_SET_FLAG_AND_JUMP\\([a-z]+)" found "${text}")
  list(TRANSFORM found REPLACE "CISTERN_EXPORT .*[ *]([a-zA-Z0-9_]+)\\(" "\\1")
  list(TRANSFORM found REPLACE "CISTERN_SET_FLAG_AND_JUMP\\(" "")
  list(APPEND defined ${found})
endforeach()

execute_process(COMMAND ${NM} -D --defined-only --format=posix ${LIBRARY} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "(^|\n)[^ ]+" exported "${symbols}")
list(TRANSFORM exported STRIP)

foreach(names listed defined exported)
  list(SORT ${names})
endforeach()
if(NOT listed)
  message(FATAL_ERROR "no function is listed")
endif()
foreach(names defined exported)
  if(NOT "${listed}" STREQUAL "${${names}}")
    message(FATAL_ERROR "listed and ${names} functions differ\n  listed: ${listed}\n  ${names}: ${${names}}")
  endif()
endforeach()
