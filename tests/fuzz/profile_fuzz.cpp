// Fuzzes the reading of a profile by one of the reports.
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/input_files.h"
#include "tests/fuzz/reports.h"
#include "tests/fuzz/scratch_files.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cistern::fuzz::ScratchFiles scratch;
  const cistern::fuzz::InputFiles files = cistern::fuzz::input_files({data, size});
  scratch.write(scratch.profile(), files.profile);
  cistern::fuzz::run_report(files.selector, files.switches, scratch.profile());
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  return cistern::fuzz::mutate_input(data, size, max_size, seed);
}
