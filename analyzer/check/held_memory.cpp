#include "analyzer/check/held_memory.h"

#include "analyzer/model/image_run.h"
#include "analyzer/pools/pool_table.h"

namespace cistern::analyzer {
namespace {

uint64_t free_in_glibc(const ProcessEvents& process_events) {
  constexpr size_t kFordblks = 8;
  return process_events.malloc_infos.empty() ? 0 : process_events.malloc_infos.back().fields[kFordblks];
}

}  // namespace

std::vector<HeldMemory> held_at_the_end(const Profile& profile, Progress* progress) {
  std::vector<HeldMemory> held;
  for (const Image& image : profile.images) {
    PoolTable pools = pool_table_of(image);
    ImageRun run(image, progress);
    run.to(run.end_state().time, pools);
    held.push_back({pools.held_unused_bytes(), free_in_glibc(image.process_events)});
  }
  return held;
}

}  // namespace cistern::analyzer
