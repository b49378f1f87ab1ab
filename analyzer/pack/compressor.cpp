#include "analyzer/pack/compressor.h"

#include <zstd.h>

#include <new>
#include <stdexcept>

namespace cistern::analyzer {
namespace {
// A higher level saves some percent and takes twice as long.
constexpr int kLevel = 1;
// For columns: a table that fits into the L1 cache is 10 % faster.
constexpr int kHashLog = 12;
constexpr int kLongMatch = 7;
}  // namespace

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const noexcept {
  ZSTD_freeCCtx(context);
}

void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const noexcept {
  ZSTD_freeDCtx(context);
}

Compressor::Compressor() : context_(ZSTD_createCCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
}

std::string_view Compressor::compress(std::string_view piece, Piece kind) {
  constexpr int kByLevel = 0;
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_hashLog, kind == Piece::kAny ? kByLevel : kHashLog);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_minMatch, kind == Piece::kLongRepeats ? kLongMatch : kByLevel);
  if (const size_t most = ZSTD_compressBound(piece.size()); out_.size() < most) out_.resize(most);
  const size_t size = ZSTD_compress2(context_.get(), out_.data(), out_.size(), piece.data(), piece.size());
  if (ZSTD_isError(size)) throw std::runtime_error(ZSTD_getErrorName(size));
  return {out_.data(), size};
}

Decompressor::Decompressor() : context_(ZSTD_createDCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
}

bool Decompressor::decompress(std::string_view frame, size_t piece_bytes, std::string& piece) {
  piece.resize(piece_bytes);
  return ZSTD_decompressDCtx(context_.get(), piece.data(), piece_bytes, frame.data(), frame.size()) == piece_bytes;
}

}  // namespace cistern::analyzer
