#include "analyzer/pack/block_model.h"

namespace cistern::analyzer {

void BlockModel::reset() {
  for (Places& places : classes_) places.last = places.top = places.count = 0;
  pages_.fill(Page{});
  blocks_.clear();
}

}  // namespace cistern::analyzer
