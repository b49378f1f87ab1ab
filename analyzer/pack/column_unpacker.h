// Unpacks columns (column_state.h) to the plain payload that they were made from, byte for byte.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/pack/column_reader.h"

namespace cistern::analyzer {

// Appends the plain payload of `reader`'s columns to `content`. Returns false if it does not have exactly
// `content_bytes` bytes or is malformed; then `content` has the events before the error. Requires: `reader` has just
// begun.
bool unpack_columns(ColumnReader& reader, uint64_t content_bytes, std::vector<uint8_t>& content);

}  // namespace cistern::analyzer
