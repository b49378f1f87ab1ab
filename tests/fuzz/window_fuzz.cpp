// Fuzzes a profile and its window, as a killed process leaves them: reads both, reads each one, finalizes, reads again.
#include <unistd.h>

#include "analyzer/read/failure.h"
#include "analyzer/read/profile.h"
#include "analyzer/write/finalize.h"
#include "cistern/format/profile_header.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/input_files.h"
#include "tests/fuzz/reports.h"
#include "tests/fuzz/scratch_files.h"

#include <cstring>

namespace cistern::fuzz {
namespace {

std::string window_path(const std::string& profile, const std::string& bytes) {
  ProfileHeader header{};
  std::memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof header));
  return profile + ".d/" + analyzer::stem_of(header.image) + ".window";
}

void finalize_and_read(const InputFiles& files, const std::string& profile, const std::string& window) {
  try {
    const auto counted = analyzer::count_unfinalized(profile, window);
    const auto finalized = analyzer::finalize(profile, window, files.switches);
    require(finalized.size_bytes < (1u << 30), "a finalized profile is not much larger than its window");
    require(counted.lost_events <= UINT64_MAX, "losses are counted");
  } catch (const analyzer::Failure&) {
  }
  run_report(files.selector, files.switches, profile);
}

}  // namespace
}  // namespace cistern::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cistern::fuzz;
  static const ScratchFiles scratch;
  const InputFiles files = input_files({data, size});
  const std::string profile = scratch.profile();
  const std::string window = window_path(profile, files.profile);
  scratch.write(profile, files.profile);
  scratch.write(window, files.window);
  run_report(files.selector, files.switches, (files.switches & 128) != 0 ? window : profile);
  finalize_and_read(files, profile, window);
  ::unlink(window.c_str());
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  return cistern::fuzz::mutate_input(data, size, max_size, seed);
}
