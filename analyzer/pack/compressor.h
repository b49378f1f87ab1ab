// zstd for pieces of memory of bounded size. One object per thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace cistern::analyzer {

// The kind of a piece: any content, or a column with short or long repeats, for which a small table is enough.
enum class Piece : uint8_t { kAny, kShortRepeats, kLongRepeats };

class Compressor {
 public:
  Compressor();
  // The piece as a zstd frame, valid until the next call. Errors: Failure (internal) if zstd has no memory.
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
  // Decompresses `frame` into `piece`. Returns false if the result does not have exactly `piece_bytes` bytes.
  bool decompress(std::string_view frame, size_t piece_bytes, std::string& piece);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace cistern::analyzer
