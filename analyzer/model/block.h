// A live block in the heap model.
#pragma once

#include <cstdint>

namespace cistern::analyzer {

struct Block {
  uint64_t size_bytes = 0;  // requested
  uint64_t birth = 0;       // when it was first allocated; a realloc keeps it
  uint32_t site = 0;        // that allocated it, index into Sites
};

}  // namespace cistern::analyzer
