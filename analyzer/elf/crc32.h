// The checksum that .gnu_debuglink has of the file that it names: CRC-32 as in zlib and in GDB's manual.
#pragma once

#include <cstdint>
#include <span>

namespace cistern::analyzer {

uint32_t crc32_of(std::span<const uint8_t> bytes) noexcept;

}  // namespace cistern::analyzer
