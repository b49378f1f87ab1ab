// zstd, for pieces of memory of bounded size. One object for each thread that compresses.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace cistern::analyzer {

// What a piece is: anything, or a column of which little is to be remembered, and what repeats in it is short or long.
enum class Piece : uint8_t { kAny, kShortRepeats, kLongRepeats };

class Compressor {
 public:
  Compressor();
  // The piece as a zstd frame, valid until the next call. Errors: Failure (internal), when zstd has no memory.
  std::string_view compress(std::string_view piece, Piece kind = Piece::kAny);

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
