// Tells a signal that was sent to our whole process group from one that was sent to this process alone. Nothing in
// siginfo_t says so. A second process, the witness, is in the same group, has all signals blocked, and does nothing: a
// signal that is pending there too was sent to the group (or to every process). Exact: a group is signalled under a
// lock of the kernel, and has() waits for that lock before it asks.
// One object at a time, from a process with one thread. The witness ends with this object or this process.
#pragma once

#include <sys/types.h>

namespace cistern::analyzer {

class GroupSignals {
 public:
  // Without a witness (no process could be made) has() is always false.
  GroupSignals();
  ~GroupSignals();
  GroupSignals(const GroupSignals&) = delete;
  GroupSignals& operator=(const GroupSignals&) = delete;

  // Requires: this process has received the signal. Returns whether the whole group was sent it since the last call. A
  // signal that comes while this function runs may be pending in this process and count already.
  bool has(int signal);
  // From now on only later signals count.
  void forget();

  // Of the witness; -1 without one.
  pid_t witness() const noexcept { return witness_; }
  // The caller's waitpid(2) has found that the witness ended.
  void witness_has_ended() noexcept;

 private:
  enum class Answer { kNo, kYes, kNone };
  Answer ask(int signal);
  Answer answer() const;

  pid_t witness_ = -1;
  int channel_ = -1;
};

}  // namespace cistern::analyzer
