// The frames at the native addresses of one image. Names come from the profile, or else from the files on this machine
// if the tree's NativeView allows it. Each address is looked up once. Not thread-safe.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/read/image.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/read/native_symbols.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

class NativeFrames {
 public:
  // Requires: both outlive this object.
  NativeFrames(const Image& image, CallTree& tree) : image_(image), tree_(tree) {}

  // Returns the frames at an address, outermost first: several when functions are inlined; none when the module is
  // internal and the tree's view excludes internals. Valid until the next call.
  std::span<const FrameId> find(const NativeAddress& at);
  // Whether the outermost frame of a stack is left out: a frame of libc, or one that find() returns nothing for.
  bool begins_stacks(const NativeAddress& at);

 private:
  struct Place {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  void add_frames(const NativeAddress& at);
  bool is_left_out(ModuleId id, const Module& module);
  std::span<const Symbol> symbols_at(const NativeAddress& at, const Module* module);

  const Image& image_;
  CallTree& tree_;
  tsl::robin_map<NativeAddress, Place, NativeAddressHash> known_;
  std::vector<FrameId> frames_;
  tsl::robin_map<uint32_t, bool, MixedHash> left_out_;  // by module
};

}  // namespace cistern::analyzer
