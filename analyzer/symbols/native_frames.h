// The frames at one image's native addresses: named as the profile says, else by the files on this machine if the
// tree's view of native frames wants that. Each address is looked up once.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/read/image.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/read/symbols.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

class NativeFrames {
 public:
  // Both outlive this.
  NativeFrames(const Image& image, CallTree& tree) : image_(image), tree_(tree) {}

  // Outermost first; none for what is internal to the interpreter, unless the tree's view shows it. Valid until the
  // next call.
  std::span<const FrameId> find(const NativeAddress& at);
  // Whether a frame from which a stack begins is libc's or without meaning: what calls main() and threads' functions.
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
