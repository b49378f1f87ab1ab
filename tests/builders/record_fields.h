// The fields of every record type by name, in the order in which they lie in the payload: one list, from which the
// tests make texts, random records and the check of the format's description. `visit` is called with a name and a
// reference to the field; `visit.flags` with a name and the bools that share one number, lowest bit first.
#pragma once

#include <string_view>
#include <tuple>

#include "cistern/format/definition_records.h"
#include "cistern/format/image_records.h"
#include "cistern/format/moment_records.h"
#include "cistern/format/snapshot_records.h"

namespace cistern {

template <typename V>
void fields(StringRecord& r, V&& visit) {
  visit("id", r.id), visit("text", r.text);
}
template <typename V>
void fields(CodeRecord& r, V&& visit) {
  visit("id", r.id), visit("file", r.file), visit("name", r.name), visit("first_line", r.first_line);
  visit("table_kind", r.table_kind), visit("table_bytes", r.table_bytes);
}
template <typename V>
void fields(LineTableRecord& r, V&& visit) {
  visit("code", r.code), visit("offset", r.offset), visit("bytes", r.bytes);
}
template <typename V>
void fields(StackNodeRecord& r, V&& visit) {
  visit("id", r.id), visit("parent", r.parent), visit("kind", r.kind), visit("a", r.a), visit("b", r.b);
}
template <typename V>
void fields(ModuleRecord& r, V&& visit) {
  visit("id", r.id), visit("time", r.time), visit("base", r.base), visit("start", r.start), visit("size", r.size);
  visit("path", r.path), visit("build_id", r.build_id);
}
template <typename V>
void fields(ModuleEndRecord& r, V&& visit) {
  visit("id", r.id), visit("time", r.time);
}
template <typename V>
void fields(ThreadRecord& r, V&& visit) {
  visit("stream", r.stream_id), visit("time", r.time), visit("tid", r.tid), visit("main", r.main);
  visit("started_by", r.started_by), visit("started_at", r.started_at), visit("name", r.name);
}
template <typename V>
void fields(ThreadNameRecord& r, V&& visit) {
  visit("stream", r.stream_id), visit("time", r.time), visit("name", r.name);
}
template <typename V>
void fields(ThreadEndRecord& r, V&& visit) {
  visit("stream", r.stream_id), visit("time", r.time), visit("seen", r.seen);
}
template <typename V>
void fields(ClockPairRecord& r, V&& visit) {
  visit("time", r.time), visit("monotonic_ns", r.monotonic_ns), visit("unix_ns", r.unix_ns);
}
template <typename V>
void fields(MarkRecord& r, V&& visit) {
  visit("time", r.time), visit("stream", r.stream_id), visit("name", r.name);
}
template <typename V>
void fields(PhaseRecord& r, V&& visit) {
  visit("time", r.time), visit("phase", r.phase);
}
template <typename V>
void fields(MemoryRecord& r, V&& visit) {
  visit("time", r.time), visit("virtual_bytes", r.virtual_bytes), visit("resident_bytes", r.resident_bytes);
  visit("shared_bytes", r.shared_bytes), visit("own_bytes", r.own_bytes);
}
template <typename V>
void fields(MallocInfoRecord& r, V&& visit) {
  constexpr const char* names[MallocInfoRecord::kFields] = {"arena",   "ordblks", "smblks",   "hblks",    "hblkhd",
                                                            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"};
  visit("time", r.time);
  for (int i = 0; i < MallocInfoRecord::kFields; ++i) visit(names[i], r.fields[i]);
}
template <typename V>
void fields(CollectionRecord& r, V&& visit) {
  visit("time", r.time), visit("interpreter", r.interpreter), visit("generation", r.generation);
  visit("runs", r.runs), visit("collected", r.collected), visit("uncollectable", r.uncollectable);
}
template <typename V>
void fields(LossesRecord& r, V&& visit) {
  visit("time", r.time), visit("count", r.count);
  for (uint32_t i = 0; i < r.count; ++i) visit("counters", r.fields[i]);
}
template <typename V>
void fields(ImageRecord& r, V&& visit) {
  visit("executable", r.executable), visit("directory", r.directory), visit("host", r.host);
  visit("arguments", r.arguments), visit("page_bytes", r.page_bytes), visit("options", r.options);
  visit("libc", r.libc);
}
template <typename V>
void fields(EnvironmentRecord& r, V&& visit) {
  visit("name", r.name), visit("value", r.value);
}
template <typename V>
void fields(InterpreterRecord& r, V&& visit) {
  visit("id", r.id), visit("time", r.time), visit("implementation", r.implementation), visit("version", r.version);
  visit("version_hex", r.version_hex), visit.flags("flags", r.shared, r.free_threaded, r.debug_layer);
  visit("allocator", r.allocator), visit("arena_bytes", r.arena_bytes), visit("pool_bytes", r.pool_bytes);
  visit("stacks", r.stacks), visit("reason", r.reason), visit("module", r.module);
}
template <typename V>
void fields(EndRecord& r, V&& visit) {
  visit("time", r.time), visit("how", r.how), visit("code", r.code);
}
template <typename V>
void fields(InstallRecord& r, V&& visit) {
  visit("time", r.time), visit("late", r.late), visit("domains", r.domains);
}
template <typename V>
void fields(ChildRecord& r, V&& visit) {
  visit("time", r.time), visit("pid", r.pid);
}
template <typename V>
void fields(RetiredRecord& r, V&& visit) {
  visit("time", r.time), visit("code", r.code);
}
template <typename V>
void fields(EpochRecord& r, V&& visit) {
  visit("time", r.time), visit("number", r.number);
}
template <typename V>
void fields(SymbolRecord& r, V&& visit) {
  visit("module", r.module), visit("address", r.address), visit("level", r.level), visit("source", r.source);
  visit("line", r.line), visit("function", r.function), visit("file", r.file);
}
template <typename V>
void fields(SnapshotRecord& r, V&& visit) {
  visit("table", r.table), visit("columns", r.columns), visit("rows", r.rows), visit("cells", r.cells);
}

// Every record type that has a layout, in the order of its number.
using AllRecords =
    std::tuple<StringRecord, CodeRecord, LineTableRecord, StackNodeRecord, ModuleRecord, ModuleEndRecord, ThreadRecord,
               ThreadNameRecord, ThreadEndRecord, ClockPairRecord, MarkRecord, PhaseRecord, MemoryRecord,
               MallocInfoRecord, CollectionRecord, LossesRecord, ImageRecord, EnvironmentRecord, InterpreterRecord,
               EndRecord, InstallRecord, ChildRecord, RetiredRecord, EpochRecord, SymbolRecord, SnapshotRecord>;

// Calls `act` with an empty record of each type.
template <typename Act>
void for_each_record_type(Act act) {
  std::apply([&](auto... records) { (act(records), ...); }, AllRecords{});
}

}  // namespace cistern
