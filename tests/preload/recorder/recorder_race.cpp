// The recorder without hooks, under ThreadSanitizer, with everything at once: threads that record from before the start
// until after the window has been finalized; threads that start and end, and whose states are reused; names and stacks
// that all threads define; marks, flushes, commands in the mailbox, pauses; and two threads that end the image at the
// same moment. Hooks and ThreadSanitizer's interceptors would both replace malloc, so the test calls the recorder
// itself. Afterwards every event must be in the profile or counted as lost, no segment missing, every checksum right.
//     recorder_race DIRECTORY
#include <pthread.h>
#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cistern/format/checksum.h"
#include "preload/recorder/control.h"
#include "preload/recorder/events.h"
#include "preload/recorder/finish.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/slow_path.h"
#include "preload/recorder/start.h"
#include "preload/recorder/thread_registry.h"

namespace cistern::preload {

namespace {

constexpr int kWorkers = 4;
constexpr int kWaves = 12;
constexpr int kShortThreads = 6;  // of each wave
constexpr int kRoundsOfShort = 60;

std::atomic<uint64_t> g_calls{0};  // events that were handed to the recorder
std::atomic<bool> g_ended{false};  // the image has been finished; the threads stop 300 rounds later

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "recorder_race: not true: %s\n", what);
  exit(1);
}

// Blocks in mapped memory: the recorder reads a block of domain OBJ when it is freed.
char* block_of(unsigned thread, unsigned round) {
  constexpr unsigned kBlocks = 1 << 16;
  static char memory[kBlocks << 6];
  return memory + ((thread * 4096 + round % 4096) % kBlocks << 6);
}

// As hooks/should_record.h.
bool should_record(Domain domain) {
  const HookAction action = hook_action(domain);
  return action == HookAction::kRecord ||
         (action == HookAction::kSlowPath && take_slow_path(domain, nullptr, kNoHooks));
}

template <typename Record>
void record(Domain domain, Record&& call) {
  if (!should_record(domain)) return;
  const ReentrancyGuard guard;
  call();
  g_calls.fetch_add(1, std::memory_order_relaxed);
}

// All threads define the same things, in different order.
StackId define_something(unsigned round) {
  char text[32];
  const int size = std::snprintf(text, sizeof text, "name %u", round % 500);
  Interner& interner = g_recorder.interner;
  const StringId name = interner.string({text, static_cast<size_t>(size)});
  StackId stack{};
  for (uint32_t depth = 0; depth < 4; ++depth) {
    stack = interner.node(stack, NodeKey{NodeKind::kPython, raw(name) + depth, round % 97});
  }
  return stack;
}

void define(unsigned round) {
  if (!should_record(Domain::kObj)) return;
  const ReentrancyGuard guard;
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  define_something(round);
  g_recorder.interner.block_freed(block_of(0, round), now());
  execute_mailbox_command(*thread);
  if (modules_changed()) update_modules(g_recorder.records);
  leave(*thread);
}

void work(unsigned thread, unsigned round) {
  char* const block = block_of(thread, round);
  record(Domain::kMalloc, [&] { record_alloc(Domain::kMalloc, block, round, CISTERN_OWN_FRAME); });
  record(Domain::kObj, [&] { record_alloc(Domain::kObj, block + 16, 24, nullptr); });
  record(Domain::kMalloc,
         [&] { record_realloc(Domain::kMalloc, now(), block, block + 32, round + 1, CISTERN_OWN_FRAME); });
  record(Domain::kObj, [&] { record_free(Domain::kObj, block + 16); });
  record(Domain::kMmap, [&] { record_map(block, 8192, 0, CISTERN_OWN_FRAME); });
  record(Domain::kMmap, [&] { record_remap(now(), block, 8192, block + 4096, 4096, 0, CISTERN_OWN_FRAME); });
  record(Domain::kMmap, [&] { record_unmap(block + 4096, 4096); });
  record(Domain::kObj, [&] { record_arena(round % 2 != 0, block, 1 << 20); });
  record(Domain::kMalloc, [&] { record_free(Domain::kMalloc, block + 32); });
  if (round % 8 == 0) define(round);
}

// From before recording starts until 300 rounds after it has ended.
void work_on(unsigned thread) {
  unsigned rounds_left = 300;
  for (unsigned round = 0; rounds_left > 0; ++round) {
    work(thread, round);
    if (g_ended.load(std::memory_order_acquire)) --rounds_left;
  }
}

void run_short(unsigned thread) {
  for (unsigned round = 0; round < kRoundsOfShort; ++round) work(thread, round);
  if (thread % 3 != 0) thread_ends();
  work(thread, 0);  // as destructors do
}

void run_wave(unsigned wave) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kShortThreads; ++i) threads.emplace_back(run_short, 100 + wave * kShortThreads + i);
  for (std::thread& thread : threads) thread.join();
}

// As the hook of pthread_create.
void start_with_boundary() {
  ThreadState* const self = should_record(Domain::kMalloc) ? enter() : nullptr;
  if (self == nullptr) return;
  const StackId stack = define_something(7);
  const StreamId stream_id = self->stream_id;
  leave(*self);
  std::thread([stack, stream_id] {
    t_context.started_at = raw(stack);
    t_context.started_by = raw(stream_id);
    run_short(99);
  }).join();
}

void send(MailboxCommand command) {
  Mailbox& box = g_recorder.segments.window.control().mailbox;
  box.command = static_cast<uint32_t>(command);
  std::strcpy(box.name, "from outside");
  const std::atomic_ref<uint32_t> request(box.request);
  const uint32_t mine = request.load(std::memory_order_relaxed) + 1;
  request.store(mine, std::memory_order_release);
  for (int i = 0; i < 200'000 && std::atomic_ref<uint32_t>(box.done).load(std::memory_order_acquire) != mine; ++i) {
    std::this_thread::yield();
  }
}

void control() {
  for (unsigned wave = 0; wave < kWaves; ++wave) {
    mark("a wave");
    run_wave(wave);
    flush();
    send(wave % 2 == 0 ? MailboxCommand::kMark : MailboxCommand::kFlush);
    stop_recording();
    std::this_thread::yield();
    start_recording();
    start_with_boundary();
  }
}

// --- Reading the profile.

struct Found {
  uint64_t events = 0;
  std::map<uint32_t, std::set<uint64_t>> sequences;  // by stream

  bool add(const SegmentHeader& header, uint64_t event_count) {
    if (!sequences[header.stream_id].insert(header.sequence).second) return false;
    events += event_count;
    return true;
  }
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void read_profile(const std::string& bytes, Found& found) {
  for (size_t at = kProfileHeaderBytes; at + sizeof(SegmentHeader) <= bytes.size();) {
    SegmentHeader header;
    std::memcpy(&header, bytes.data() + at, sizeof header);
    if (header.magic != kSegmentMagic) {
      require(bytes.compare(at, kSegmentAlignment, std::string(kSegmentAlignment, '\0')) == 0, "only zeros between");
      at += kSegmentAlignment;
      continue;
    }
    require(header.checksum == checksum_of(header, bytes.data() + at + sizeof header), "checksums are right");
    require(found.add(header, header.event_count), "each segment comes once");
    at += place_bytes(header);
  }
}

uint64_t count_events(const uint8_t* payload, uint32_t size, uint64_t first_time) {
  EventDecoder decoder(payload, payload + size, first_time);
  uint64_t count = 0;
  for (Event event; decoder.next(event);) ++count;
  require(decoder.ok(), "what was published can be decoded");
  return count;
}

// The window stays if a thread was inside the recorder for longer than the finalizing thread waits.
void read_window(const std::string& bytes, Found& found) {
  for (size_t at = kWindowSlotsOffset; at + kSlotOverheadBytes <= bytes.size(); at += kSlotStride) {
    SlotControl control;
    SegmentHeader header;
    std::memcpy(&control, bytes.data() + at, sizeof control);
    std::memcpy(&header, bytes.data() + at + sizeof control, sizeof header);
    if (control.state != static_cast<uint32_t>(SlotState::kOwned) || control.published == 0) continue;
    const auto* const payload = reinterpret_cast<const uint8_t*>(bytes.data()) + at + kSlotOverheadBytes;
    const bool events = header.kind == SegmentKind::kEvents;
    found.add(header, events ? count_events(payload, control.published, header.first_time) : 0);
  }
}

void check_profile(const std::string& path) {
  Found found;
  read_profile(contents(path), found);
  if (std::filesystem::exists(path + ".d")) {
    for (const auto& entry : std::filesystem::directory_iterator(path + ".d")) {
      read_window(contents(entry.path().string()), found);
    }
  }
  for (const auto& [stream_id, sequences] : found.sequences) {
    require(*sequences.rbegin() + 1 == sequences.size(), "no segment is missing");
  }
  const uint64_t lost = g_recorder.counter(Counter::kLostEvents).load(std::memory_order_relaxed);
  std::printf("%llu events of %zu streams, %llu lost\n", static_cast<unsigned long long>(found.events),
              found.sequences.size(), static_cast<unsigned long long>(lost));
  require(found.events == g_calls.load(), "every event is in the file");
  require(lost == 0, "none is lost");
  require(found.sequences.size() > kWorkers + kWaves * kShortThreads, "every thread has a stream of its own");
}

void race(const std::string& profile) {
  const std::string options = "follow=all output=" + profile;
  setenv(kOptionsVariable, options.c_str(), 1);
  unsetenv(kSessionVariable);
  unsetenv(kRunVariable);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kWorkers; ++i) threads.emplace_back(work_on, i);
  start_process(kNoHooks);
  // A worker may be starting it.
  while (g_recorder.state.load(std::memory_order_acquire) != RecorderState::kRecording) std::this_thread::yield();
  control();
  std::thread other([] { finish_image(EndKind::kExit, 0); });
  std::thread late([] { run_wave(kWaves); });
  finish_image(EndKind::kQuickExit, 0);
  other.join();
  late.join();
  run_wave(kWaves + 1);
  g_ended.store(true, std::memory_order_release);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace cistern::preload

int main(int argc, char** argv) {
  using namespace cistern::preload;
  require(argc == 2, "usage: recorder_race DIRECTORY");
  const std::string profile = std::string(argv[1]) + "/race.cistern";
  std::filesystem::remove(profile);
  std::filesystem::remove_all(profile + ".d");
  race(profile);
  check_profile(profile);
  return 0;
}
