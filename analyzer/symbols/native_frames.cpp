#include "analyzer/symbols/native_frames.h"

#include "analyzer/symbols/internals.h"
#include "analyzer/symbols/symbolizer.h"

namespace cistern::analyzer {

std::span<const FrameId> NativeFrames::find(const NativeAddress& at) {
  const auto [known, added] = known_.insert({at, Place{static_cast<uint32_t>(frames_.size()), 0}});
  if (added) {
    add_frames(at);
    known.value().count = static_cast<uint32_t>(frames_.size()) - known->second.first;
  }
  return {frames_.data() + known->second.first, known->second.count};
}

bool NativeFrames::begins_stacks(const NativeAddress& at) {
  if (tree_.native_view().internals) return false;
  const Module* const module = image_.definitions.modules.find(at.module);
  return (module != nullptr && is_libc(module->path)) || find(at).empty();
}

bool NativeFrames::is_left_out(ModuleId id, const Module& module) {
  if (tree_.native_view().internals) return false;
  const auto known = left_out_.find(raw(id));
  if (known != left_out_.end()) return known->second;
  return left_out_.insert({raw(id), is_internal(image_, module.path)}).first->second;
}

std::span<const Symbol> NativeFrames::symbols_at(const NativeAddress& at, const Module* module) {
  const std::span<const Symbol> known = image_.definitions.symbols.find(at);
  if (!known.empty() || module == nullptr || !tree_.native_view().look_up) return known;
  return tree_.symbolizer().find(*module, at.address, static_cast<int64_t>(image_.header.image.start_unix_ns));
}

void NativeFrames::add_frames(const NativeAddress& at) {
  const Module* const module = image_.definitions.modules.find(at.module);
  if (module != nullptr && is_left_out(at.module, *module)) return;
  Frame frame;
  frame.kind = FrameKind::kNative;
  frame.address = at.address;
  if (module != nullptr) frame.module = module->path;
  const std::span<const Symbol> symbols = symbols_at(at, module);
  if (!tree_.native_view().internals && !symbols.empty() && analyzer::begins_stacks(symbols.back().function)) return;
  for (size_t i = symbols.size(); i-- != 0;) {
    frame.function = symbols[i].function;
    frame.file = symbols[i].file;
    frame.line = symbols[i].line;
    frames_.push_back(tree_.intern(frame));
  }
  if (symbols.empty()) frames_.push_back(tree_.intern(frame));
}

}  // namespace cistern::analyzer
