// Marks a function that the library exports over the program's; exports.map lists them all.
#pragma once

#define CISTERN_EXPORT extern "C" __attribute__((visibility("default")))
