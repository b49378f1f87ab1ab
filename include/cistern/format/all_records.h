// The list of record types, in order of their numbers. A new type is added here, to RecordType and to FORMAT.md.
#pragma once

#include <string_view>
#include <tuple>

#include "cistern/format/definition_records.h"
#include "cistern/format/image_records.h"
#include "cistern/format/moment_records.h"
#include "cistern/format/snapshot_records.h"

namespace cistern {

using AllRecords = std::tuple<StringRecord, CodeRecord, LineTableRecord, StackNodeRecord, ModuleRecord, ModuleEndRecord,
                              ThreadRecord, ThreadNameRecord, ThreadEndRecord, ClockPairRecord, MarkRecord, PhaseRecord,
                              MemoryRecord, MallocInfoRecord, CollectionRecord, LossesRecord, ImageRecord,
                              EnvironmentRecord, InterpreterRecord, EndRecord, InstallRecord, ChildRecord,
                              RetiredRecord, EpochRecord, StopRecord, ProcessRecord, SymbolRecord, SnapshotRecord>;

// Calls `act` with an empty record of each type.
template <typename Act>
void for_each_record_type(Act act) {
  std::apply([&](auto... records) { (act(records), ...); }, AllRecords{});
}

// Calls `act` with an empty record of type `type`. Returns false when this version has no such type.
template <typename Act>
bool with_record_type(RecordType type, Act act) {
  bool known = false;
  for_each_record_type([&](auto record) {
    if (record.kType != type) return;
    known = true;
    act(record);
  });
  return known;
}

}  // namespace cistern
