// Texts that outlive definitions: qualified names that were learned from an enclosing code object, which may be gone
// when the name is needed again (in a forked child, or after definitions were restarted). Mapped memory, append-only.
// Requires the interner's lock.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "preload/base/memory.h"

namespace cistern::preload {

class NameTexts {
 public:
  // Stores a text, cut to 8 KiB. Returns its number; 0 when there is no space left.
  uint32_t add(std::string_view text) noexcept {
    const uint32_t size = static_cast<uint32_t>(text.size() < kMaxBytes ? text.size() : kMaxBytes);
    if (blocks_ == 0 || used_ + sizeof size + size > kBlockBytes) {
      if (blocks_ == kBlocks) return 0;
      if (block_[blocks_] == nullptr) block_[blocks_] = static_cast<char*>(map_memory(kBlockBytes));
      if (block_[blocks_] == nullptr) return 0;
      ++blocks_;
      used_ = 0;
    }
    char* const at = block_[blocks_ - 1] + used_;
    std::memcpy(at, &size, sizeof size);
    std::memcpy(at + sizeof size, text.data(), size);
    const uint32_t number = (blocks_ - 1) * kBlockBytes + used_ + 1;
    used_ += (sizeof size + size + 3) & ~3u;
    return number;
  }

  std::string_view text(uint32_t number) const noexcept {
    const char* const at = block_[(number - 1) / kBlockBytes] + (number - 1) % kBlockBytes;
    uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    return {at + sizeof size, size};
  }

  uint64_t bytes() const noexcept { return uint64_t{blocks_} * kBlockBytes; }
  // Forgets all texts. Keeps its memory.
  void clear() noexcept { blocks_ = used_ = 0; }

 private:
  static constexpr uint32_t kMaxBytes = 8 * 1024;
  static constexpr uint32_t kBlockBytes = 64 * 1024;
  static constexpr uint32_t kBlocks = 256;

  char* block_[kBlocks] = {};
  uint32_t blocks_ = 0;  // in use
  uint32_t used_ = 0;    // of the last one
};

}  // namespace cistern::preload
