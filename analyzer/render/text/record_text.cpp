#include "analyzer/render/text/record_text.h"

#include <fmt/format.h>

#include "analyzer/render/layout/columns.h"
#include "cistern/format/definition_records.h"
#include "cistern/format/image_records.h"
#include "cistern/format/moment_records.h"
#include "cistern/format/snapshot_records.h"

namespace cistern::analyzer {
namespace {

std::string quoted(std::string_view text) {
  return '"' + printable(text) + '"';
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  return out;
}

std::string arguments_text(std::string_view bytes) {
  std::string text(bytes);
  for (char& c : text) c = c == '\0' ? ' ' : c;
  return quoted(std::string_view(text));
}

std::string text_of(const StringRecord& r) {
  return fmt::format("string id={} text={}", raw(r.id), quoted(r.text));
}
std::string text_of(const CodeRecord& r) {
  return fmt::format("code id={} file={} name={} first_line={} table_kind={} table_bytes={}", raw(r.id), raw(r.file),
                     raw(r.name), r.first_line, static_cast<uint32_t>(r.table_kind), r.table_bytes);
}
std::string text_of(const LineTableRecord& r) {
  return fmt::format("line_table code={} offset={} bytes={}", raw(r.code), r.offset, hex(r.bytes));
}
std::string text_of(const StackNodeRecord& r) {
  return fmt::format("stack_node id={} parent={} kind={} a={} b={}", raw(r.id), raw(r.parent),
                     static_cast<uint32_t>(r.kind), r.a, r.b);
}
std::string text_of(const ModuleRecord& r) {
  return fmt::format("module id={} time={} base={:#x} start={:#x} size={:#x} path={} build_id={}", raw(r.id), r.time,
                     r.base, r.start, r.size, quoted(r.path), hex(r.build_id));
}
std::string text_of(const ModuleEndRecord& r) {
  return fmt::format("module_end id={} time={}", raw(r.id), r.time);
}
std::string text_of(const ThreadRecord& r) {
  return fmt::format("thread stream_id={} time={} tid={} main={} started_by={} started_at={} name={}", raw(r.stream_id),
                     r.time, r.tid, r.main, raw(r.started_by), raw(r.started_at), quoted(r.name));
}
std::string text_of(const ThreadNameRecord& r) {
  return fmt::format("thread_name stream_id={} time={} name={}", raw(r.stream_id), r.time, quoted(r.name));
}
std::string text_of(const ThreadEndRecord& r) {
  return fmt::format("thread_end stream_id={} time={} seen={}", raw(r.stream_id), r.time, r.seen);
}
std::string text_of(const ClockPairRecord& r) {
  return fmt::format("clock_pair time={} monotonic_ns={} unix_ns={}", r.time, r.monotonic_ns, r.unix_ns);
}
std::string text_of(const MarkRecord& r) {
  return fmt::format("mark time={} stream_id={} name={}", r.time, raw(r.stream_id), quoted(r.name));
}
std::string text_of(const PhaseRecord& r) {
  return fmt::format("phase time={} phase={}", r.time, static_cast<uint32_t>(r.phase));
}
std::string text_of(const MemoryRecord& r) {
  return fmt::format("memory time={} virtual={} resident={} shared={} own={}", r.time, r.virtual_bytes,
                     r.resident_bytes, r.shared_bytes, r.own_bytes);
}
std::string text_of(const MallocInfoRecord& r) {
  return fmt::format("malloc_info time={} fields={}", r.time, fmt::join(r.fields, ","));
}
std::string text_of(const CollectionRecord& r) {
  return fmt::format("collection time={} interpreter={} generation={} runs={} collected={} uncollectable={}", r.time,
                     r.interpreter, r.generation, r.runs, r.collected, r.uncollectable);
}
std::string text_of(const LossesRecord& r) {
  return fmt::format("losses time={} counters={}", r.time, fmt::join(r.fields, r.fields + r.count, ","));
}
std::string text_of(const ImageRecord& r) {
  return fmt::format("image executable={} directory={} host={} arguments={} page_bytes={} options={} libc={}",
                     quoted(r.executable), quoted(r.directory), quoted(r.host), arguments_text(r.arguments),
                     r.page_bytes, quoted(r.options), quoted(r.libc));
}
std::string text_of(const EnvironmentRecord& r) {
  return fmt::format("environment name={} value={}", quoted(r.name), quoted(r.value));
}
std::string text_of(const InterpreterRecord& r) {
  return fmt::format(
      "interpreter id={} time={} implementation={} version={} hex={:#x} shared={} free_threaded={} debug_layer={} "
      "allocator={} arena_bytes={} pool_bytes={} stacks={} reason={} module={}",
      r.id, r.time, quoted(r.implementation), quoted(r.version), r.version_hex, r.shared, r.free_threaded,
      r.debug_layer, quoted(r.allocator), r.arena_bytes, r.pool_bytes, static_cast<uint32_t>(r.stacks),
      quoted(r.reason), quoted(r.module));
}
std::string text_of(const EndRecord& r) {
  return fmt::format("end time={} how={} code={}", r.time, static_cast<uint32_t>(r.how), r.code);
}
std::string text_of(const InstallRecord& r) {
  return fmt::format("install time={} late={} domains={:#x}", r.time, r.late, r.domains);
}
std::string text_of(const ChildRecord& r) {
  return fmt::format("child time={} pid={}", r.time, r.pid);
}
std::string text_of(const RetiredRecord& r) {
  return fmt::format("retired time={} code={}", r.time, raw(r.code));
}
std::string text_of(const EpochRecord& r) {
  return fmt::format("epoch_begin time={} number={}", r.time, r.number);
}
std::string text_of(const SymbolRecord& r) {
  return fmt::format("symbol module={} address={:#x} level={} source={} line={} function={} file={}", raw(r.module),
                     r.address, r.level, static_cast<uint32_t>(r.source), r.line, quoted(r.function), quoted(r.file));
}
std::string text_of(const SnapshotRecord& r) {
  return fmt::format("snapshot table={} columns={} rows={} bytes={}", static_cast<uint32_t>(r.table), r.columns, r.rows,
                     r.cells.size());
}

// Decodes a record as the one of `Records` that has its type. Returns an empty text when none has.
template <typename... Records>
std::string text_of_any(const RawRecord& record) {
  std::string text;
  const auto attempt = [&]<typename Record>(Record decoded) {
    if (record.type != Record::kType) return false;
    Cursor in(record.payload);
    text = decoded.get(in) ? text_of(decoded) : fmt::format("malformed type={}", static_cast<uint32_t>(record.type));
    return true;
  };
  static_cast<void>((attempt(Records{}) || ...));
  return text;
}

}  // namespace

std::string record_text(const RawRecord& record) {
  std::string text =
      text_of_any<StringRecord, CodeRecord, LineTableRecord, StackNodeRecord, ModuleRecord, ModuleEndRecord,
                  ThreadRecord, ThreadNameRecord, ThreadEndRecord, ClockPairRecord, MarkRecord, PhaseRecord,
                  MemoryRecord, MallocInfoRecord, CollectionRecord, LossesRecord, ImageRecord, EnvironmentRecord,
                  InterpreterRecord, EndRecord, InstallRecord, ChildRecord, RetiredRecord, EpochRecord, SymbolRecord,
                  SnapshotRecord>(record);
  if (!text.empty()) return text;
  return fmt::format("unknown type={} bytes={}", static_cast<uint32_t>(record.type), record.payload.size());
}

}  // namespace cistern::analyzer
