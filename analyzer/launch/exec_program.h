// `cistern exec`: becomes the program, recorded, and leaves a packer in the background. The program runs in this
// process, with its pid, parent, group, descriptors and signals: to whoever started it nothing has changed. It is
// started whatever happens: what cannot be recorded is said in one line on stderr.
#pragma once

namespace cistern::analyzer {

// The command `exec`; `arguments[0]` is the word "exec". Returns only when nothing can be started.
// Errors: Failure: exit code 125 for a wrong command line without a program after `--`, 126 when the program cannot be
// executed, 127 when it does not exist.
int exec_program(int count, char** arguments, const char* invoked);

}  // namespace cistern::analyzer
