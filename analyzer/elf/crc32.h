// CRC-32 (the same as zlib's): the checksum in a .gnu_debuglink section. Thread-safe, does not allocate.
#pragma once

#include <cstdint>
#include <span>

namespace cistern::analyzer {

uint32_t crc32_of(std::span<const uint8_t> bytes) noexcept;

}  // namespace cistern::analyzer
