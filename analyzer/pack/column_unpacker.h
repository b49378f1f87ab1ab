// The other direction of the column codec (column_state.h): columns into the plain payload that they were made of, byte
// by byte.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/pack/column_reader.h"

namespace cistern::analyzer {

// Appends the plain payload, of exactly `content_bytes`, of columns that `reader` has just begun, to `content`. Returns
// false when the columns do not make it; then `content` has what came before the fault.
bool unpack_columns(ColumnReader& reader, uint64_t content_bytes, std::vector<uint8_t>& content);

}  // namespace cistern::analyzer
