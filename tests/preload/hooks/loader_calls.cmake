# Which functions of the dynamic loader the sources of the preload library call. A thread that is inside the loader, or in
# a callback of dl_iterate_phdr, holds the loader's locks while it runs code of the program, so no hook may wait for them:
# only dlsym is called, at the start.
#     cmake -DARCHIVES="a.a;b.a" -DNM=nm -P loader_calls.cmake
if(NOT ARCHIVES)
  message(FATAL_ERROR "no archive is named")
endif()
foreach(archive ${ARCHIVES})
  execute_process(COMMAND ${NM} --undefined-only --format=posix ${archive} OUTPUT_VARIABLE symbols ERROR_QUIET
    COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "(^|\n)(dl[a-z_]+|_dl_[a-z_]+|__libc_dl[a-z_]+|pthread_getattr_np) " calls "${symbols}")
  list(TRANSFORM calls STRIP)
  list(APPEND all_calls ${calls})
endforeach()
list(REMOVE_DUPLICATES all_calls)
if(NOT "${all_calls}" STREQUAL "dlsym")
  message(FATAL_ERROR "only dlsym may be called; the sources call: ${all_calls}")
endif()
