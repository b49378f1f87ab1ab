// What a report may want to see of each event. Derive, define what you need (the calls are not virtual: HeapModel is a
// template over the observer), and ignore the rest. Mappings that count as live bytes are seen as blocks; a cut through
// one is a realloc, and what it leaves on the far side an allocation with the birth of the whole.
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
  // `was` became `block`, which has its birth.
  void on_realloc(uint64_t /*time*/, uint64_t /*old_address*/, const Block& /*was*/, uint64_t /*address*/,
                  const Block& /*block*/) {}
  // pymalloc took an arena, or gave it back. Arenas are no live bytes. A realloc that empties one is seen after its
  // end.
  void on_arena_made(uint64_t /*time*/, uint64_t /*address*/, const Arena& /*arena*/) {}
  void on_arena_freed(uint64_t /*time*/, uint64_t /*address*/) {}
};

}  // namespace cistern::analyzer
