// The numbers in FORMAT.md are those of the headers: enumerators, offsets, sizes and constants.
#include <gtest/gtest.h>

#include <cstddef>
#include <map>

#include "cistern/format/limits.h"
#include "cistern/format/profile_header.h"
#include "cistern/format/segment.h"
#include "cistern/format/window_layout.h"
#include "tests/include/format/format_document.h"
#include "tests/include/format/header_enumerators.h"

namespace cistern {
namespace {

const FormatDocument& document() {
  static const FormatDocument read = read_format_document(CISTERN_FORMAT);
  return read;
}

TEST(FormatNumbers, TheTableOfEveryEnumHasItsEnumeratorsAndNumbers) {
  const auto enums = header_enumerators(CISTERN_FORMAT);
  for (const char* name : {"RecordType", "Op", "Domain", "NodeKind", "Counter", "Phase", "EndKind", "map_flag"}) {
    EXPECT_TRUE(enums.contains(name)) << name << " was not found in the headers";
  }
  for (const auto& [name, enumerators] : enums) {
    const DocumentTable* table = document().table(name);
    ASSERT_NE(table, nullptr) << "no table for " << name;
    Enumerators described;
    for (const Row& row : table->rows) described[row.at(0)] = std::stoull(row.at(1));
    EXPECT_EQ(described, enumerators) << name << ", " << table->place;
  }
}

struct Member {
  std::string name;
  size_t offset;
  size_t size;
  bool operator==(const Member&) const = default;
};
void PrintTo(const Member& member, std::ostream* out) {
  *out << member.name << " at " << member.offset << ", " << member.size << " bytes";
}

#define MEMBER(type, name)                          \
  Member {                                          \
#name, offsetof(type, name), sizeof(type::name) \
  }

void expect_described(const char* name, size_t size, const std::vector<Member>& members) {
  size_t end = 0;
  for (const Member& member : members) {
    EXPECT_EQ(member.offset, end) << name << ": this test knows no member before " << member.name;
    end = member.offset + member.size;
  }
  EXPECT_EQ(end, size) << name << ": this test knows no member at its end";

  const DocumentTable* table = document().table(name);
  ASSERT_NE(table, nullptr) << "no table for " << name;
  std::vector<Member> described;
  for (const Row& row : table->rows) described.push_back({row.at(2), std::stoul(row.at(0)), std::stoul(row.at(1))});
  EXPECT_EQ(described, members) << name << ", " << table->place;
}

TEST(FormatNumbers, TheTableOfEveryStructHasItsMembersAndOffsets) {
  expect_described("ImageIdentity", sizeof(ImageIdentity),
                   {MEMBER(ImageIdentity, start_ticks), MEMBER(ImageIdentity, start_unix_ns),
                    MEMBER(ImageIdentity, pid), MEMBER(ImageIdentity, number)});
  expect_described(
      "ProfileHeader", sizeof(ProfileHeader),
      {MEMBER(ProfileHeader, magic), MEMBER(ProfileHeader, major), MEMBER(ProfileHeader, minor),
       MEMBER(ProfileHeader, role), MEMBER(ProfileHeader, machine), MEMBER(ProfileHeader, header_bytes),
       MEMBER(ProfileHeader, clock), MEMBER(ProfileHeader, time_shift), MEMBER(ProfileHeader, clock_hz),
       MEMBER(ProfileHeader, first_time), MEMBER(ProfileHeader, image), MEMBER(ProfileHeader, parent),
       MEMBER(ProfileHeader, generation), MEMBER(ProfileHeader, domains), MEMBER(ProfileHeader, pid_namespace),
       MEMBER(ProfileHeader, lock), MEMBER(ProfileHeader, reserved32), MEMBER(ProfileHeader, reserved),
       MEMBER(ProfileHeader, checksum)});
  expect_described(
      "SegmentHeader", sizeof(SegmentHeader),
      {MEMBER(SegmentHeader, magic), MEMBER(SegmentHeader, header_bytes), MEMBER(SegmentHeader, kind),
       MEMBER(SegmentHeader, codec), MEMBER(SegmentHeader, generation), MEMBER(SegmentHeader, stream_id),
       MEMBER(SegmentHeader, sequence), MEMBER(SegmentHeader, first_time), MEMBER(SegmentHeader, last_time),
       MEMBER(SegmentHeader, event_count), MEMBER(SegmentHeader, payload_bytes), MEMBER(SegmentHeader, content_bytes),
       MEMBER(SegmentHeader, tid), MEMBER(SegmentHeader, pid), MEMBER(SegmentHeader, room_bytes),
       MEMBER(SegmentHeader, reserved), MEMBER(SegmentHeader, checksum)});
  expect_described("SlotControl", sizeof(SlotControl),
                   {MEMBER(SlotControl, state), MEMBER(SlotControl, published), MEMBER(SlotControl, capacity),
                    MEMBER(SlotControl, tid), MEMBER(SlotControl, thread_start_ticks), MEMBER(SlotControl, reserved)});
  expect_described("Mailbox", sizeof(Mailbox),
                   {MEMBER(Mailbox, request), MEMBER(Mailbox, done), MEMBER(Mailbox, command), MEMBER(Mailbox, result),
                    MEMBER(Mailbox, name)});
  expect_described("WindowControl", sizeof(WindowControl),
                   {MEMBER(WindowControl, file_end), MEMBER(WindowControl, slots), MEMBER(WindowControl, slot_bytes),
                    MEMBER(WindowControl, counters), MEMBER(WindowControl, mailbox), MEMBER(WindowControl, saved_bytes),
                    MEMBER(WindowControl, coarse_clock), MEMBER(WindowControl, stop), MEMBER(WindowControl, reserved)});
  expect_described("StopState", sizeof(StopState),
                   {MEMBER(StopState, time), MEMBER(StopState, reason), MEMBER(StopState, error),
                    MEMBER(StopState, resident_bytes), MEMBER(StopState, end_time),
                    MEMBER(StopState, peak_resident_bytes), MEMBER(StopState, end_how), MEMBER(StopState, end_code)});
  expect_described("CoarseClock", sizeof(CoarseClock), {MEMBER(CoarseClock, count), MEMBER(CoarseClock, holder)});
}

#define CONSTANT(name) \
  { #name, name }

TEST(FormatNumbers, EveryConstantHasItsValue) {
  const std::map<std::string, uint64_t> constants{
      CONSTANT(kProfileHeaderBytes), CONSTANT(kFormatMajor),         CONSTANT(kFormatMinor),
      CONSTANT(kSegmentMagic),       CONSTANT(kSegmentAlignment),    CONSTANT(kMaxSegmentBytes),
      CONSTANT(kMaxPayloadBytes),    CONSTANT(kWindowControlOffset), CONSTANT(kWindowSlotsOffset),
      CONSTANT(kSlotStride),         CONSTANT(kSlotOverheadBytes),   CONSTANT(kCounters),
      CONSTANT(kMaxSnapshotSites),   CONSTANT(kMaxSnapshotDomains),  CONSTANT(kMaxGrowthWindows),
      CONSTANT(kMaxPoolPoints),      CONSTANT(kPoolSizeClasses),     CONSTANT(kMaxCurveShift)};
  std::map<std::string, uint64_t> described;
  for (const DocumentTable& table : document().tables) {
    if (table.head.at(0) != "constant") continue;
    for (const Row& row : table.rows) described[row.at(0)] = std::stoull(row.at(1), nullptr, 0);
  }
  EXPECT_EQ(described, constants);
}

TEST(FormatNumbers, TheTitleHasTheVersionOfTheHeaders) {
  const std::string version = std::to_string(kFormatMajor) + "." + std::to_string(kFormatMinor);
  EXPECT_EQ(document().title, "The profile format, version " + version);
}

}  // namespace
}  // namespace cistern
