#include "analyzer/model/end_state.h"

#include <optional>

namespace cistern::analyzer {

EndState end_state_of(const ProcessEvents& process_events) {
  std::optional<uint64_t> exiting;
  std::optional<uint64_t> root_left;
  std::optional<uint64_t> finalizing;
  for (const PhaseRecord& record : process_events.phases) {
    if (record.phase == Phase::kExiting) exiting = record.time;
    if (record.phase == Phase::kRootLeft) root_left = record.time;
    if (record.phase == Phase::kFinalizing && !finalizing) finalizing = record.time;
    if (record.phase == Phase::kRunning) exiting = root_left = finalizing = std::nullopt;
  }
  if (exiting) return {EndStateKind::kExiting, *exiting};
  if (finalizing) return {EndStateKind::kFinalizing, *finalizing};
  if (root_left) return {EndStateKind::kRootLeft, *root_left};
  return {};
}

EndState end_state_of(const Image& image) {
  const EndState state = end_state_of(image.process_events);
  if (state.time >= image.begin_time()) return state;
  if (state.kind == EndStateKind::kRootLeft) return {};
  return {state.kind, image.begin_time()};
}

std::string_view name_of(EndStateKind kind) {
  switch (kind) {
    case EndStateKind::kExiting:
      return "exiting";
    case EndStateKind::kFinalizing:
      return "finalizing";
    case EndStateKind::kRootLeft:
      return "root left";
    case EndStateKind::kStreamEnd:
      break;
  }
  return "stream end";
}

std::string_view describe(EndStateKind kind) {
  switch (kind) {
    case EndStateKind::kExiting:
      return "when the program had ended (before atexit callbacks)";
    case EndStateKind::kFinalizing:
      return "when the interpreter began to finalize";
    case EndStateKind::kRootLeft:
      return "when the program's main module had returned";
    case EndStateKind::kStreamEnd:
      break;
  }
  return "at the last event";
}

}  // namespace cistern::analyzer
