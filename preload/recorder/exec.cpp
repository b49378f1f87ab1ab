#include "preload/recorder/exec.h"

#include "preload/base/clock.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/facts.h"
#include "preload/recorder/finish.h"
#include "preload/recorder/recorder.h"

namespace cistern::preload {

void exec_begins() noexcept {
  if (has_stopped()) return note_end_after_stop(EndKind::kExec, -1);
  if (!may_write_records()) return;
  const ReentrancyGuard guard;
  write_losses(g_recorder);
  g_recorder.records.write(EndRecord{now(), EndKind::kExec, -1});
}

void exec_failed() noexcept {
  if (has_stopped()) return note_end_after_stop(EndKind::kNone, -1);
  if (!may_write_records()) return;
  const ReentrancyGuard guard;
  g_recorder.records.write(EndRecord{now(), EndKind::kNone, -1});
}

}  // namespace cistern::preload
