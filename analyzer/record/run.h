// `cistern run`: starts a program with the recorder preloaded, stays out of its way, and afterwards puts its profiles
// in order and says where they are.
#pragma once

namespace cistern::analyzer {

// `arguments[0]` is the word "run"; `invoked` is how cistern was called. Returns the exit code: the program's, 128 +
// the number of the signal that ended it. Errors: Failure with exit code 125, 126 or 127.
int run_program(int count, char** arguments, const char* invoked);

}  // namespace cistern::analyzer
