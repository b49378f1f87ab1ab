// Receives each event of a heap model. Derive from it and define the functions that you need. They are not virtual:
// HeapModel is a template over the observer. Mappings that count as live bytes are reported as blocks. Cutting a
// mapping is reported as a realloc, and a second remaining part as an allocation with the birth of the whole.
#pragma once

#include <cstdint>

#include "analyzer/model/arenas.h"
#include "analyzer/model/block.h"

namespace cistern::analyzer {

struct HeapObserver {
  // `block` is live from now on.
  void on_alloc(uint64_t /*time*/, uint64_t /*address*/, const Block& /*block*/) {}
  // `block` was live until now.
  void on_free(uint64_t /*time*/, uint64_t /*address*/, const Block& /*block*/) {}
  // `was` became `block`, which keeps the birth.
  void on_realloc(uint64_t /*time*/, uint64_t /*old_address*/, const Block& /*was*/, uint64_t /*address*/,
                  const Block& /*block*/) {}
  // pymalloc allocated or freed an arena. Arenas are not live bytes. A realloc that empties an arena is reported after
  // the arena's end.
  void on_arena_made(uint64_t /*time*/, uint64_t /*address*/, const Arena& /*arena*/) {}
  void on_arena_freed(uint64_t /*time*/, uint64_t /*address*/) {}
};

}  // namespace cistern::analyzer
