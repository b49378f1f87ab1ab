#include "analyzer/pack/column_unpacker.h"

namespace cistern::analyzer {
namespace {

// Encodes the events that the reader passes to it. Requires: kMaxEventBytes bytes behind `end`.
struct ContentWriter {
  uint8_t* out;
  uint8_t* end;
  uint64_t address = 0;
  uint32_t stack = 0;

  bool has_space() const noexcept { return out < end; }

  void free(unsigned domain, BlockRun::Moment when, uint64_t at) noexcept {
    uint8_t* const tag = out;
    const unsigned bits = static_cast<unsigned>(Op::kFree) | domain << kDomainShift | put_time(when.delta);
    *tag = static_cast<uint8_t>(bits | put_address(at));
  }

  void alloc(unsigned domain, BlockRun::Moment when, uint64_t at, uint64_t size, uint32_t next) noexcept {
    uint8_t* const tag = out;
    unsigned bits = static_cast<unsigned>(Op::kAlloc) | domain << kDomainShift | put_time(when.delta);
    bits |= put_address(at);
    out = put_short(out, size);
    if (next == stack) {
      bits |= kSameStack;
    } else {
      out = put_short(out, zigzag(int64_t{next} - int64_t{stack}));
      stack = next;
    }
    *tag = static_cast<uint8_t>(bits);
  }

 private:
  // Leaves a byte for the tag. Returns bits of the tag, like the next function.
  unsigned put_time(uint64_t time) noexcept {
    ++out;
    if (time == 0) return kSameTime;
    *out++ = static_cast<uint8_t>(time);
    if (time > 0x7f) [[unlikely]] {
      out[-1] |= 0x80;
      *out++ = static_cast<uint8_t>(time >> 7);
    }
    return 0;
  }

  unsigned put_address(uint64_t at) noexcept {
    const auto difference = static_cast<int64_t>(at - address);
    address = at;
    if ((difference & ((1 << kBlockUnitShift) - 1)) != 0) [[unlikely]] {
      out = put_varint(out, zigzag(difference));
      return kExactBytes;
    }
    out = put_joined(out, zigzag(difference >> kBlockUnitShift));
    return 0;
  }
};

}  // namespace

bool unpack_columns(ColumnReader& reader, uint64_t content_bytes, std::vector<uint8_t>& content) {
  const size_t begin = content.size();
  content.resize(begin + content_bytes + kMaxEventBytes);
  ContentWriter writer{content.data() + begin, content.data() + begin + content_bytes};
  Event event;
  bool good = true;
  for (;;) {
    reader.take_blocks(writer);
    if (reader.at_end() || !writer.has_space()) break;
    EventState written{reader.time(), writer.address, writer.stack};
    good = reader.take(event);
    if (!good) break;
    writer.out = encode_event(writer.out, written, event);
    writer.address = written.address;
    writer.stack = written.stack;
  }
  good = good && writer.out == writer.end && reader.at_end();
  uint8_t* const out = writer.out < writer.end ? writer.out : writer.end;
  content.resize(static_cast<size_t>(out - content.data()));
  return good;
}

}  // namespace cistern::analyzer
