// Prints the analyzer's pools at each mark of a profile's first image, in one replay, in the lines that pool_reader.cpp
// writes in the process. Usage: pool_probe PROFILE
#include <cstdio>
#include <string>

#include "analyzer/model/image_run.h"
#include "analyzer/pools/pool_table.h"
#include "analyzer/read/profile.h"

using namespace cistern::analyzer;

namespace {

void print(const std::string& name, const PoolTable& pools) {
  std::printf("%s %llu %llu", name.c_str(), static_cast<unsigned long long>(pools.arenas()),
              static_cast<unsigned long long>(pools.free_pools()));
  for (size_t i = 0; i < kSizeClasses; ++i) {
    const PoolClass row = pools.classes()[i];
    if (row.pools == 0 && row.used == 0) continue;
    std::printf(" %llu:%llu:%llu:%llu", static_cast<unsigned long long>(PoolTable::class_bytes(i)),
                static_cast<unsigned long long>(row.pools), static_cast<unsigned long long>(row.used),
                static_cast<unsigned long long>(pools.free_blocks(i, row)));
  }
  std::printf("\n");
}

}  // namespace

int main(int, char** arguments) {
  const Profile profile = open_profile(arguments[1]);
  const Image& image = profile.images.front();
  PoolTable pools = pool_table_of(image);
  ImageRun run(image, nullptr);
  for (const cistern::MarkRecord& mark : image.process_events.marks) {
    run.to(mark.time, pools);
    print(std::string(mark.name), pools);
  }
  return 0;
}
