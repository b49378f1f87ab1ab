// zstd, for pieces of memory of bounded size. One object for each thread that compresses.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace cistern::analyzer {

// What repeats in a piece, where that is known.
enum class Repeats : uint8_t { kShort, kLong };

class Compressor {
 public:
  Compressor();
  // The piece as a zstd frame, valid until the next call. Errors: Failure (internal), when zstd has no memory.
  std::string_view compress(std::string_view piece, Repeats repeats = Repeats::kShort);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::string out_;
};

class Decompressor {
 public:
  Decompressor();
  // Sets `piece` to what `frame` was made of, which has exactly `piece_bytes`. Returns false when it has not.
  bool decompress(std::string_view frame, size_t piece_bytes, std::string& piece);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace cistern::analyzer
