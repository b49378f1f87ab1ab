#include "analyzer/pack/compressor.h"

#include <zstd.h>

#include <new>
#include <stdexcept>

namespace cistern::analyzer {
namespace {
// 1: a higher level saves some hundredths and takes twice as long.
constexpr int kLevel = 1;
}  // namespace

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const noexcept {
  ZSTD_freeCCtx(context);
}

void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const noexcept {
  ZSTD_freeDCtx(context);
}

Compressor::Compressor() : context_(ZSTD_createCCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
}

std::string_view Compressor::compress(std::string_view piece) {
  out_.resize(ZSTD_compressBound(piece.size()));
  const size_t size = ZSTD_compressCCtx(context_.get(), out_.data(), out_.size(), piece.data(), piece.size(), kLevel);
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
