#include "tests/builders/golden_files.h"

#include <vector>

#include "cistern/format/definition_records.h"
#include "cistern/format/image_records.h"
#include "cistern/format/moment_records.h"
#include "cistern/format/snapshot_records.h"
#include "tests/builders/make_event.h"
#include "tests/builders/profile_builder.h"

namespace cistern {
namespace {

constexpr StreamId kRecordStream{0}, kMain{1}, kWorker{2};
constexpr uint32_t kMainTid = 4711, kWorkerTid = 4712;
constexpr uint64_t kStart = 1'000'000'000;
constexpr uint64_t kMapping = 0x7f00'0000'0000;

// Stacks: 1 <module>, 2 load above it, 3 native above 2, 4 boundary above 2, 5 work above 4, 6 truncated, 7 unknown,
// 11 the native frames 10, 9 and 8 called by 2, 14 work in a task that 13, in load, and several others, 12, await.
constexpr StackId kModuleStack{1}, kLoadStack{2}, kNativeStack{3}, kWorkStack{5}, kTruncatedStack{6}, kUnknownStack{7};
constexpr StackId kRunStack{11}, kAwaitedStack{14};

using namespace std::string_view_literals;

// --- segments ---

SegmentBuilder records(uint64_t sequence, uint64_t time) {
  return {kRecordStream, 0, sequence, kStart + time};
}

InterpreterRecord interpreter() {
  InterpreterRecord record;
  record.time = kStart + 20;
  record.implementation = "CPython";
  record.version = "3.11.2 (main, golden) [GCC 12.2.0]";
  record.version_hex = 0x030b02f0;
  record.shared = true;
  record.allocator = "pymalloc";
  record.arena_bytes = 1 << 20;
  record.pool_bytes = 16 * 1024;
  record.stacks = PythonStacks::kOn;
  record.module = "/usr/bin/python3.11";
  return record;
}

SegmentBuilder beginning() {
  SegmentBuilder segment = records(0, 0);
  segment.record(ClockPairRecord{kStart, kStart, 1'600'000'000'000'000'000});
  segment.record(
      ImageRecord{"/usr/bin/python3.11", "/srv", "golden", "python3\0app.py\0"sv, 4096, "domains=all", "2.36"});
  segment.record(EnvironmentRecord{"PYTHONMALLOC", "pymalloc"});
  segment.record(InstallRecord{kStart + 10, false, kAllDomains}).record(interpreter());
  segment.record(PhaseRecord{kStart + 15, Phase::kStarting}).record(PhaseRecord{kStart + 90, Phase::kRunning});
  segment.record(ThreadRecord{kMain, kStart + 30, kMainTid, true, StreamId{}, StackId{}, "python3"});
  return segment;
}

// One line table of each kind.
void define_codes(SegmentBuilder& segment) {
  constexpr std::string_view texts[] = {"/srv/app.py", "<module>", "load", "Worker.work"};
  for (uint32_t i = 0; i < 4; ++i) segment.record(StringRecord{StringId{i + 1}, texts[i]});
  const StringId file{1};
  segment.record(CodeRecord{CodeId{1}, file, StringId{2}, 1, LineTableKind::kLocations, 5});
  segment.record(LineTableRecord{CodeId{1}, 0, "\xd8\x04"sv});
  segment.record(LineTableRecord{CodeId{1}, 2, "\x09\x81\x10"sv});
  segment.record(CodeRecord{CodeId{2}, file, StringId{3}, 10, LineTableKind::kLnotab, 4});
  segment.record(LineTableRecord{CodeId{2}, 0, "\x00\x01\x06\x02"sv});
  segment.record(CodeRecord{CodeId{3}, file, StringId{4}, 20, LineTableKind::kLineTable, 4});
  segment.record(LineTableRecord{CodeId{3}, 0, "\x04\x01\x04\xff"sv});
  segment.record(CodeRecord{CodeId{4}, file, StringId{3}, 30, LineTableKind::kNone, 0});
}

void define_stacks(SegmentBuilder& segment) {
  segment.record(ModuleRecord{ModuleId{1}, kStart + 40, 0x5555'5555'4000, 0x5555'5555'4000, 0x8000,
                              "/usr/lib/libfast.so", "\xab\xcd\x01\x02"sv});
  segment.record(StackNodeRecord{kModuleStack, StackId{}, NodeKind::kPython, 1, 2});
  segment.record(StackNodeRecord{kLoadStack, kModuleStack, NodeKind::kPython, 2, 6});
  segment.record(StackNodeRecord{kNativeStack, kLoadStack, NodeKind::kNative, 1, 0x1234});
  segment.record(StackNodeRecord{StackId{4}, kLoadStack, NodeKind::kBoundary, 0, 0});
  segment.record(StackNodeRecord{kWorkStack, StackId{4}, NodeKind::kPython, 3, 4});
  segment.record(StackNodeRecord{kTruncatedStack, StackId{}, NodeKind::kTruncated,
                                 static_cast<uint32_t>(TruncationReason::kDepth), 0});
  segment.record(StackNodeRecord{kUnknownStack, StackId{}, NodeKind::kUnknown, 0, 0});
  segment.record(StackNodeRecord{StackId{8}, StackId{}, NodeKind::kUnknown, 0, 0});
  segment.record(StackNodeRecord{StackId{9}, StackId{8}, NodeKind::kNative, 1, 0x1154});
  segment.record(StackNodeRecord{StackId{10}, StackId{9}, NodeKind::kNative, 1, 0x1060});
  segment.record(StackNodeRecord{kRunStack, kLoadStack, NodeKind::kNativeRun, 10, 0});
  segment.record(StackNodeRecord{StackId{12}, kModuleStack, NodeKind::kAwaiting, 0, 0});
  segment.record(StackNodeRecord{StackId{13}, StackId{12}, NodeKind::kAwaiting, 2, 6});
  segment.record(StackNodeRecord{kAwaitedStack, StackId{13}, NodeKind::kPython, 3, 4});
  segment.record(ThreadRecord{kWorker, kStart + 500, kWorkerTid, false, kMain, kLoadStack, ""});
}

SegmentBuilder definitions() {
  SegmentBuilder segment = records(1, 35);
  define_codes(segment);
  define_stacks(segment);
  return segment;
}

// Live at its end: 0x1038 (0 bytes), 0x3000, the larger mapping's first page, a page of a file, the second arena.
SegmentBuilder main_thread() {
  SegmentBuilder segment(kMain, kMainTid, 0, kStart + 50);
  segment.event(make_alloc(Domain::kMalloc, kStart + 100, 0x1000, 24, kNativeStack));
  segment.event(make_alloc(Domain::kRaw, kStart + 110, 0x2000, 48, kLoadStack));
  segment.event(make_alloc(Domain::kMem, kStart + 120, 0x1038, 0, kLoadStack));
  segment.event(make_alloc(Domain::kObj, kStart + 130, 0x7f00'0010'0030, 56, kModuleStack));
  segment.event(make_free(Domain::kMalloc, kStart + 140, 0x1000));
  segment.event(make_realloc(Domain::kRaw, kStart + 150, kStart + 180, 0x2000, 0x3000, 80, kTruncatedStack));
  segment.event(make_free(Domain::kObj, kStart + 170, 0x7f00'0010'0030));  // nested in the realloc before
  segment.bytes("\x00\x09\x03\xff\xff\xff"sv);                             // an unknown extension
  segment.event(make_map(kStart + 200, kMapping, 8192, 0, kUnknownStack));
  segment.event(make_remap(kStart + 210, kStart + 230, kMapping, 8192, kMapping + 0x4000, 16'384, 0, kModuleStack));
  segment.event(make_unmap(kStart + 240, kMapping + 0x5000, 12'288));
  segment.event(make_map(kStart + 250, kMapping + 0x10'0000, 4096, map_flag::kFile | map_flag::kShared, kModuleStack));
  segment.event(make_arena(false, kStart + 300, 0x7f00'0020'0000, 1 << 20, kModuleStack));
  segment.event(make_arena(true, kStart + 310, 0x7f00'0020'0000, 1 << 20, StackId{}));
  segment.event(make_arena(false, kStart + 320, 0x7f00'0020'0000, 1 << 20, kModuleStack));
  return segment;
}

SegmentBuilder main_thread_later() {
  SegmentBuilder segment(kMain, kMainTid, 1, kStart + 400);
  segment.event(make_alloc(Domain::kMalloc, kStart + 600, 0x4000, 1000, kRunStack));
  segment.event(make_alloc(Domain::kMalloc, kStart + 650, 0x6000, 3000, kAwaitedStack));
  segment.event(make_alloc(Domain::kMalloc, kStart + 700, 0x5000, 2000, kLoadStack));  // freed by the worker
  return segment;
}

// Frees blocks of the main thread, whose addresses are used again; one time of the main thread is too early.
SegmentBuilder worker_thread() {
  SegmentBuilder segment(kWorker, kWorkerTid, 0, kStart + 500);
  segment.event(make_alloc(Domain::kMalloc, kStart + 520, 0x5000, 64, kWorkStack));
  segment.event(make_free(Domain::kMalloc, kStart + 650, 0x4000));
  segment.event(make_alloc(Domain::kObj, kStart + 660, 0x4000, 32, kWorkStack));
  segment.event(make_free(Domain::kMalloc, kStart + 710, 0x5000));
  segment.event(make_free(Domain::kMalloc, kStart + 720, 0x9990));  // older than the recording
  return segment;
}

MallocInfoRecord malloc_info() {
  MallocInfoRecord record;
  record.time = kStart + 810;
  for (uint64_t i = 0; i < MallocInfoRecord::kFields; ++i) record.fields[i] = 1000 + i;
  return record;
}

LossesRecord losses(uint64_t time) {
  LossesRecord record;
  record.time = kStart + time;
  record.count = kCounters;
  record.fields[static_cast<uint32_t>(Counter::kReserved2)] = 7;
  record.fields[static_cast<uint32_t>(Counter::kRetiredCodes)] = 1;
  return record;
}

SegmentBuilder ending() {
  SegmentBuilder segment = records(2, 800);
  segment.record(ThreadNameRecord{kWorker, kStart + 510, "pool-0"})
      .record(ThreadEndRecord{kWorker, kStart + 790, true});
  segment.record(MarkRecord{kStart + 690, kMain, "warm"});
  segment.record(MemoryRecord{kStart + 800, 64 << 20, 16 << 20, 4 << 20, 1 << 20}).record(malloc_info());
  segment.record(CollectionRecord{kStart + 820, 0, 2, 3, 40, 1}).record(ChildRecord{kStart + 830, 4800});
  segment.record(RetiredRecord{kStart + 840, CodeId{4}}).record(ModuleEndRecord{ModuleId{1}, kStart + 850});
  segment.record(EpochRecord{kStart, 0});
  segment.record_bytes(RecordType::kCensus, "reserved").record_bytes(static_cast<RecordType>(999), "\x00\xff"sv);
  uint64_t time = kStart + 860;
  for (const Phase phase : {Phase::kRootLeft, Phase::kStopped, Phase::kResumed, Phase::kExiting, Phase::kFinalizing}) {
    segment.record(PhaseRecord{time++, phase});
  }
  segment.record(losses(900)).record(PhaseRecord{kStart + 910, Phase::kAfter});
  segment.record(
      StopRecord{kStart + 915, StopReason::kNoSpace, 28, uint64_t{16} << 20, kStart + 920, uint64_t{32} << 20});
  segment.record(ProcessRecord{kStart + 918, 4800, ProcessAct::kExec, true, 0, "/usr/bin/ls", "ls -l"});
  segment.record(ProcessRecord{kStart + 919, 4800, ProcessAct::kWithoutPython, false, 0, "", "ls"});
  segment.record(EndRecord{kStart + 920, EndKind::kExit, 0});
  segment.record(ClockPairRecord{kStart + 930, kStart + 930, 1'600'000'000'000'000'930});
  return segment;
}

// Symbols behind the end, as `cistern symbolize` writes them.
SegmentBuilder symbols() {
  SegmentBuilder segment(StreamId{kSymbolStream}, 0, 0, kStart);
  const ModuleId module{1};
  segment.record(SymbolRecord{module, 0x1060, 0, SymbolSource::kDebugInfo, 88, "buf_new", "/src/fast.c"});
  segment.record(SymbolRecord{module, 0x1060, 1, SymbolSource::kDebugInfo, 120, "fast_fetch", "/src/fast.c"});
  segment.record(SymbolRecord{module, 0x1154, 0, SymbolSource::kSymbolTable, 0, "fast_call", ""});
  return segment.record(SymbolRecord{module, 0x1234, 0, SymbolSource::kNone, 0, "", ""});
}

// --- files ---

ProfileBuilder recorded() {
  ProfileBuilder profile(golden_header(FileRole::kProfile));
  profile.segment(beginning()).segment(definitions()).segment(main_thread());
  return profile.segment(worker_thread()).segment(main_thread_later()).segment(ending());
}

std::string everything() {
  return recorded().segment(symbols()).file;
}

using Rows = std::vector<std::vector<uint64_t>>;

void append_varint(std::string& out, uint64_t value) {
  uint8_t bytes[kMaxVarintBytes];
  const uint8_t* const end = put_varint(bytes, value);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
}

void add_table(SegmentBuilder& segment, SnapshotTable table, const Rows& rows) {
  const size_t columns = rows.front().size();
  std::string cells;
  for (size_t column = 0; column < columns; ++column) {
    std::string bytes;
    uint64_t above = 0;
    for (const auto& row : rows) {
      append_varint(bytes, zigzag(static_cast<int64_t>(row[column] - above)));
      above = row[column];
    }
    append_varint(cells, bytes.size());
    cells += bytes;
  }
  segment.record(SnapshotRecord{table, columns, rows.size(), cells});
}

SegmentBuilder snapshot_segment(uint64_t part) {
  SegmentBuilder segment(StreamId{kSnapshotStream}, 0, snapshot_sequence(1, part), kStart);
  segment.header.kind = SegmentKind::kSnapshot;
  return segment;
}

// A snapshot in place of the main thread's first segment.
std::string with_snapshot() {
  SegmentBuilder heap = snapshot_segment(0);
  add_table(heap, SnapshotTable::kSites,
            {{raw(kNativeStack), 1, 0, 0, 0, 24, 1},
             {raw(kLoadStack), 1, 1, 0, 0, 48, 1},
             {raw(kLoadStack), 1, 2, 0, 1, 0, 1},
             {raw(kModuleStack), 1, 3, 0, 0, 56, 1},
             {raw(kTruncatedStack), 1, 1, 80, 1, 80, 1},
             {raw(kUnknownStack), 1, 4, 0, 0, 8192, 1},
             {raw(kModuleStack), 1, 4, 16'384, 1, 16'384, 1}});
  add_table(heap, SnapshotTable::kDomains, {{0, 0}, {~uint64_t{0}, 1}, {0, 0}, {0, 0}, {0, 0}});
  add_table(heap, SnapshotTable::kBlocks, {{0x3000, 80, kStart + 110, 4}, {0x1038, 0, kStart + 120, 2}});
  add_table(heap, SnapshotTable::kMappings,
            {{kMapping + 0x4000, kMapping + 0x5000, kStart + 200, 6, 0},
             {kMapping + 0x10'0000, kMapping + 0x10'1000, kStart + 250, 6, map_flag::kFile | map_flag::kShared}});
  add_table(heap, SnapshotTable::kArenas, {{kMapping + 0x20'0000, 1 << 20, kStart + 320, raw(kModuleStack)}});
  add_table(heap, SnapshotTable::kPositions, {{1, 1, 0}, {2, 0, 0}});
  SegmentBuilder end = snapshot_segment(1);
  add_table(end, SnapshotTable::kHeap,
            {{2, kStart + 400, kStart + 320, 14, 16'464, 3, kStart + 230, 0, 0, 0, 0, 2, 1 << 20}});
  ProfileBuilder profile(golden_header(FileRole::kProfile));
  profile.segment(beginning()).segment(definitions()).segment(heap).segment(end);
  return profile.segment(worker_thread()).segment(main_thread_later()).segment(ending()).file;
}

// The profile of a killed process: sealed segments, and the reserved bytes of a segment that was never written.
std::string killed() {
  ProfileBuilder profile(golden_header(FileRole::kProfile));
  return profile.segment(beginning()).segment(main_thread()).bytes(std::string(256, '\0')).file;
}

// The window of a killed process: definitions, a sealed segment that the profile has too, owned segments, a free slot.
std::string window_of_killed(uint64_t file_end) {
  WindowBuilder window(golden_header(FileRole::kWindow));
  window.control.file_end = file_end;
  window.control.counters[static_cast<uint32_t>(Counter::kGuardedEvents)] = 2;
  window.control.mailbox.request = 3;
  window.control.mailbox.done = 2;
  window.control.mailbox.command = static_cast<uint32_t>(MailboxCommand::kMark);
  std::string_view("from outside").copy(window.control.mailbox.name, sizeof window.control.mailbox.name - 1);
  window.slot(SlotState::kOwned, definitions()).slot(SlotState::kSealed, main_thread());
  window.slot(SlotState::kFree, worker_thread()).slot(SlotState::kOwned, worker_thread());
  return window.slot(SlotState::kOwned, main_thread_later()).finish();
}

// The file ends within its last segment.
std::string truncated() {
  const std::string whole = recorded().file;
  const SegmentBuilder last = ending();
  return whole.substr(0, whole.size() - last.published() / 2);
}

// A flipped bit in the main thread's first segment.
std::string damaged() {
  std::string file = everything();
  const std::string segment = main_thread().sealed();
  file[file.find(segment) + segment.size() - 20] ^= 0x10;
  return file;
}

// A later minor version: longer headers and records, an unknown kind of segment, an unknown domain.
std::string later_minor() {
  ProfileHeader header = golden_header(FileRole::kProfile);
  header.minor = 7;
  ProfileBuilder profile(header);
  SegmentBuilder longer = records(2, 800);
  longer.record_bytes(RecordType::kPhase, "\xe4\x96\xeb\xdc\x03\x02more"sv);
  SegmentBuilder unknown_kind = records(3, 810);
  unknown_kind.header.kind = static_cast<SegmentKind>(9);
  SegmentBuilder unknown_domain(kMain, kMainTid, 0, kStart);
  unknown_domain.event(make_alloc(static_cast<Domain>(6), kStart + 100, 0x1000, 24, kModuleStack));
  profile.segment(beginning()).segment(definitions()).bytes(longer.sealed("sixteen bytes, :"));
  return profile.segment(unknown_kind.bytes("what is this")).segment(unknown_domain).file;
}

std::string next_major() {
  ProfileHeader header = golden_header(FileRole::kProfile);
  header.major = kFormatMajor + 1;
  header.minor = 0;
  return ProfileBuilder(header).segment(beginning()).file;
}

}  // namespace

std::vector<GoldenFile> golden_files() {
  const std::string killed_file = killed();
  return {{"everything.cistern", everything()},
          {"snapshot.cistern", with_snapshot()},
          {"killed.cistern", killed_file},
          {"killed.cistern.d/4711-12345-1.window", window_of_killed(killed_file.size())},
          {"truncated.cistern", truncated()},
          {"damaged.cistern", damaged()},
          {"later_minor.cistern", later_minor()},
          {"next_major.cistern", next_major()}};
}

}  // namespace cistern
