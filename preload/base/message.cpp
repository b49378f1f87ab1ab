#include "preload/base/message.h"

#include <sys/syscall.h>

#include <atomic>

#include "preload/base/arch.h"
#include "preload/base/text.h"

namespace cistern::preload {

void say_once(std::string_view what, std::string_view where) noexcept {
  static std::atomic<bool> said{false};
  if (said.exchange(true, std::memory_order_relaxed)) return;
  Text<1024> line;
  line.add("cistern: ").add(what);
  if (!where.empty()) line.add(" ").add(where);
  line.add("\n");
  raw_syscall(SYS_write, 2, reinterpret_cast<long>(line.c_str()), static_cast<long>(line.size()));
}

}  // namespace cistern::preload
