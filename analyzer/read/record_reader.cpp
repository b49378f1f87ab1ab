#include "analyzer/read/record_reader.h"

#include <algorithm>
#include <type_traits>

#include "cistern/format/record.h"

namespace cistern::analyzer {
namespace {

template <typename Record>
bool append(std::vector<Record>& list, Cursor& in) {
  Record record;
  if (!get_fields(in, record)) return false;
  list.push_back(record);
  return true;
}

template <typename Record>
void sort_by_time(std::vector<Record>& list) {
  std::stable_sort(list.begin(), list.end(), [](const Record& a, const Record& b) { return a.time < b.time; });
}

// Removes records that are written again in each epoch.
template <typename Record>
void drop_repeated(std::vector<Record>& list) {
  const auto same = [](const Record& a, const Record& b) {
    if constexpr (std::is_same_v<Record, PhaseRecord>) {
      return a.time == b.time && a.phase == b.phase;
    } else {
      return a.time == b.time;
    }
  };
  list.erase(std::unique(list.begin(), list.end(), same), list.end());
}

template <typename Record>
void drop_before(std::vector<Record>& list, uint64_t time) {
  std::erase_if(list, [time](const Record& record) { return record.time < time; });
}

}  // namespace

uint64_t RecordReader::take(const FoundSegment& segment) {
  Cursor in(segment.payload.data(), segment.payload.data() + segment.payload.size());
  RawRecord record;
  uint64_t good = 0;
  while (next_record(in, record)) {
    good = in.offset();
    ++records_;
    if (!take_record(record.type, Cursor(record.payload))) ++malformed_;
  }
  return segment.payload.size() - good;
}

bool RecordReader::take_record(RecordType type, Cursor in) {
  switch (type) {
    case RecordType::kString:
      return add_string(in);
    case RecordType::kCode:
      return add_code(in);
    case RecordType::kLineTable:
      return add_line_table(in);
    case RecordType::kStackNode:
      return add_node(in);
    case RecordType::kModule:
      return add_module(in);
    case RecordType::kModuleEnd:
      return end_module(in);
    case RecordType::kThread:
      return add_thread(in);
    case RecordType::kThreadName:
      return name_thread(in);
    case RecordType::kThreadEnd:
      return end_thread(in);
    case RecordType::kSymbol:
      return add_symbol(in);
    case RecordType::kClockPair:
      return append(process_events_.clock_pairs, in);
    case RecordType::kMark:
      return append(process_events_.marks, in);
    case RecordType::kPhase:
      return append(process_events_.phases, in);
    case RecordType::kMemory:
      return append(process_events_.memory, in);
    case RecordType::kMallocInfo:
      return append(process_events_.malloc_infos, in);
    case RecordType::kCollection:
      return append(process_events_.collections, in);
    case RecordType::kLosses:
      return add_losses(in);
    case RecordType::kImage:
      return add_image(in);
    case RecordType::kEnvironment:
      return append(process_events_.environment, in);
    case RecordType::kInterpreter:
      return add_interpreter(in);
    case RecordType::kEnd:
      return add_end(in);
    case RecordType::kInstall:
      return append(process_events_.installs, in);
    case RecordType::kChild:
      return append(process_events_.children, in);
    case RecordType::kProcess:
      return append(process_events_.processes, in);
    case RecordType::kEpoch:
      return add_epoch(in);
    case RecordType::kStop:
      return add_stop(in);
    case RecordType::kRetired:   // the id of a retired code object is not used again
    case RecordType::kSnapshot:  // snapshot.cpp reads it
    case RecordType::kCensus:
    case RecordType::kObjectType:
      return true;
  }
  return true;  // a type of a later version
}

bool RecordReader::add_string(Cursor& in) {
  StringRecord record;
  return get_fields(in, record) && definitions_.strings.add(record.id, record.text) != nullptr;
}

bool RecordReader::add_code(Cursor& in) {
  CodeRecord record;
  if (!get_fields(in, record)) return false;
  Code code;
  code.file = record.file;
  code.name = record.name;
  code.first_line = record.first_line;
  code.table_kind = record.table_kind;
  code.table_bytes = record.table_bytes;
  return definitions_.codes.add(record.id, code) != nullptr;
}

// A table of one piece is a view into the profile; the second piece makes a copy. If a piece was lost, the pieces
// behind it are ignored.
bool RecordReader::add_line_table(Cursor& in) {
  LineTableRecord record;
  if (!get_fields(in, record)) return false;
  Code* code = definitions_.codes.find(record.code);
  if (code == nullptr || record.offset != code->table.size()) return code == nullptr;
  if (code->table.empty()) {
    code->table = record.bytes;
    return true;
  }
  auto& tables = definitions_.joined_tables;
  const bool joined = !tables.empty() && tables.back()->data() == code->table.data();
  if (!joined) tables.push_back(std::make_unique<std::string>(code->table));
  tables.back()->append(record.bytes);
  code->table = *tables.back();
  return true;
}

bool RecordReader::add_node(Cursor& in) {
  StackNodeRecord record;
  if (!get_fields(in, record)) return false;
  StackNode node{record.parent, record.kind, record.a, record.b};
  const bool sound =
      raw(node.parent) < raw(record.id) && (node.kind != NodeKind::kNativeRun || node.a < raw(record.id));
  if (!sound) node = {StackId{}, NodeKind::kUnknown, 0, 0};
  return definitions_.nodes.add(record.id, node) != nullptr && sound;
}

bool RecordReader::add_module(Cursor& in) {
  ModuleRecord record;
  if (!get_fields(in, record)) return false;
  Module module;
  module.time = record.time;
  module.base = record.base;
  module.start = record.start;
  module.size_bytes = record.size;
  module.path = record.path;
  module.build_id = record.build_id;
  if (record.path.empty()) programs_.push_back(record.id);
  return definitions_.modules.add(record.id, module) != nullptr;
}

bool RecordReader::end_module(Cursor& in) {
  ModuleEndRecord record;
  if (!get_fields(in, record)) return false;
  if (Module* module = definitions_.modules.find(record.id)) module->end_time = record.time;
  return true;
}

bool RecordReader::add_thread(Cursor& in) {
  ThreadRecord record;
  if (!get_fields(in, record)) return false;
  Thread thread;
  thread.time = record.time;
  thread.tid = record.tid;
  thread.main = record.main;
  thread.started_by = record.started_by;
  thread.started_at = record.started_at;
  thread.name = record.name;
  return definitions_.threads.add(record.stream_id, thread) != nullptr;
}

bool RecordReader::name_thread(Cursor& in) {
  ThreadNameRecord record;
  if (!get_fields(in, record)) return false;
  if (Thread* thread = definitions_.threads.find(record.stream_id)) thread->name = record.name;
  return true;
}

bool RecordReader::end_thread(Cursor& in) {
  ThreadEndRecord record;
  if (!get_fields(in, record)) return false;
  if (Thread* thread = definitions_.threads.find(record.stream_id)) {
    thread->end_time = record.time;
    thread->end_seen = record.seen;
  }
  return true;
}

bool RecordReader::add_symbol(Cursor& in) {
  SymbolRecord record;
  return get_fields(in, record) && definitions_.symbols.add(record);
}

bool RecordReader::add_losses(Cursor& in) {
  LossesRecord record;
  if (!get_fields(in, record)) return false;
  const uint32_t count = std::min(record.count, kCounters);
  std::copy(record.fields, record.fields + count, process_events_.counters.begin());
  return true;
}

bool RecordReader::add_image(Cursor& in) {
  ImageRecord record;
  if (!get_fields(in, record)) return false;
  process_events_.image = record;
  process_events_.environment.clear();  // the environment follows
  return true;
}

bool RecordReader::add_interpreter(Cursor& in) {
  InterpreterRecord record;
  if (!get_fields(in, record)) return false;
  for (InterpreterRecord& known : process_events_.interpreters) {
    if (known.id != record.id) continue;
    known = record;
    return true;
  }
  process_events_.interpreters.push_back(record);
  return true;
}

// The last record counts. A failed exec cancels the end before it.
bool RecordReader::add_end(Cursor& in) {
  EndRecord record;
  if (!get_fields(in, record)) return false;
  process_events_.end_known = record.how != EndKind::kNone;
  process_events_.end = process_events_.end_known ? record : EndRecord{};
  return true;
}

bool RecordReader::add_epoch(Cursor& in) {
  EpochRecord record;
  if (!get_fields(in, record)) return false;
  auto& epochs = process_events_.epochs;
  std::erase_if(epochs, [&](const EpochRecord& known) { return known.number == record.number; });
  if (record.time != kNoEpoch) epochs.push_back(record);
  return true;
}

bool RecordReader::add_stop(Cursor& in) {
  StopRecord record;
  if (!get_fields(in, record)) return false;
  process_events_.stop = record;
  return true;
}

// The loader has no path for the executable.
void RecordReader::finish() {
  for (const ModuleId id : programs_) {
    Module* const module = definitions_.modules.find(id);
    if (module != nullptr && process_events_.image) module->path = process_events_.image->executable;
  }
  sort_by_time(process_events_.clock_pairs);
  sort_by_time(process_events_.marks);
  sort_by_time(process_events_.phases);
  sort_by_time(process_events_.memory);
  sort_by_time(process_events_.malloc_infos);
  sort_by_time(process_events_.collections);
  sort_by_time(process_events_.installs);
  sort_by_time(process_events_.children);
  sort_by_time(process_events_.processes);
  sort_by_time(process_events_.epochs);
  drop_repeated(process_events_.phases);
  drop_repeated(process_events_.installs);
}

void RecordReader::forget_before(uint64_t time) {
  drop_before(process_events_.marks, time);
  drop_before(process_events_.memory, time);
  drop_before(process_events_.malloc_infos, time);
  drop_before(process_events_.collections, time);
}

}  // namespace cistern::analyzer
