#include "analyzer/pack/column_state.h"

namespace cistern::analyzer {

ColumnState ColumnTables::begin(uint64_t first_time, size_t most_blocks) {
  blocks.reset(static_cast<uint32_t>(most_blocks));
  stacks.next_stack.fill(0);
  stacks.size_of_stack.fill(0);
  ColumnState state;
  state.model = BlockModel(blocks);
  state.tables = &stacks;
  state.time = first_time;
  return state;
}

}  // namespace cistern::analyzer
