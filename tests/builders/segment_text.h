// Headers, segments and their contents as text, by the format's own decoders. The text says what is malformed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cistern/format/segment.h"

namespace cistern {

// A line for each event; "malformed at BYTE" where decoding ended early.
std::string events_text(const uint8_t* begin, const uint8_t* end, uint64_t first_time);
// A line for each record.
std::string records_text(std::string_view payload);

// The header page (its first 128 bytes): every field except magic and reserved, and the checksum only if it is wrong.
std::string header_text(std::string_view bytes);
// A segment's header, in the same form.
std::string segment_header_text(const SegmentHeader& header);
// The header and the content of the segment that `bytes` begin with; checks lengths and checksum.
std::string segment_text(std::string_view bytes);

}  // namespace cistern
