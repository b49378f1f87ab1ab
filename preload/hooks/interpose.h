// Marks a function that the library exports in place of the program's. base/hooked_functions.h lists all of them.
#pragma once

#define CISTERN_EXPORT extern "C" __attribute__((visibility("default")))
