// Truncated, changed and random profiles: for every content of a file, either a report is printed or one line says why
// not. With AddressSanitizer and UBSan these tests also show that nothing outside of the file is read.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "analyzer/read/failure.h"
#include "tests/builders/command_output.h"
#include "tests/builders/sample_recordings.h"

namespace cistern::analyzer {
namespace {

class Damage : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(directory_.file(name), std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  // Prints every report of x.cistern. Returns whether they could be printed.
  bool report() {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    bool printed = true;
    try {
      print();
    } catch (const Failure& failure) {
      printed = false;
      EXPECT_EQ(failure.code(), ExitCode::kUnreadable);
      EXPECT_EQ(std::string(failure.what()).find('\n'), std::string::npos);
    }
    out_ = testing::internal::GetCapturedStdout();
    testing::internal::GetCapturedStderr();
    return printed;
  }

  void print() {
    const std::string path = directory_.file("x.cistern");
    print_leaks({"leaks", "--all", path});
    print_leaks({"leaks", "--all", "--json", path});
    run_uncaptured({"summary", path});
    run_uncaptured({"summary", "--json", path});
    run_uncaptured({"dump", path});
  }

  // Damage can forge an epoch record; `leaks` then refuses the profile.
  void print_leaks(const std::vector<std::string>& arguments) {
    try {
      run_uncaptured(arguments);
    } catch (const Failure& failure) {
      if (std::string(failure.what()).find("not in this profile") == std::string::npos) throw;
    }
  }

  TemporaryDirectory directory_;
  std::string out_;
};

TEST_F(Damage, TruncatedProfileIsReportedWithoutTheRest) {
  const std::string whole = leaky_service().bytes();
  for (size_t size = 0; size < whole.size(); size += size < kProfileHeaderBytes ? 61 : 1) {
    write("x.cistern", whole.substr(0, size));
    EXPECT_EQ(report(), size >= sizeof(ProfileHeader)) << "cut at " << size;
  }
}

TEST_F(Damage, ProfileWithAnyChangedByteIsReportedWithoutTheDamage) {
  const std::string whole = leaky_service().bytes();
  for (size_t at = kProfileHeaderBytes; at < whole.size(); ++at) {
    std::string file = whole;
    file[at] = static_cast<char>(~file[at]);
    write("x.cistern", file);
    EXPECT_TRUE(report()) << "byte " << at;
  }
}

TEST_F(Damage, ChangedBytesWithARightChecksumDoNoHarm) {
  std::mt19937 random(11);
  for (int round = 0; round < 1500; ++round) {
    Recording recording = leaky_service();
    recording.bytes();
    ProfileBuilder builder(recording.header);
    for (const SegmentBuilder& segment : recording.sealed()) {
      std::string bytes = segment.sealed();
      const size_t flips = random() % 4;
      for (size_t i = 0; i < flips; ++i) {
        bytes[sizeof(SegmentHeader) + random() % (bytes.size() - sizeof(SegmentHeader))] = static_cast<char>(random());
      }
      SegmentHeader header{};
      std::memcpy(&header, bytes.data(), sizeof header);
      if (random() % 5 == 0) header.first_time = random() % 2 == 0 ? UINT64_MAX : random();
      header.checksum = checksum_of(header, bytes.data() + sizeof header);
      std::memcpy(bytes.data(), &header, sizeof header);
      builder.bytes(bytes);
    }
    write("x.cistern", builder.file);
    EXPECT_TRUE(report()) << "round " << round;
  }
}

TEST_F(Damage, RandomRecordsAndEventsDoNoHarm) {
  std::mt19937 random(12);
  for (int round = 0; round < 500; ++round) {
    ProfileBuilder builder(golden_header(FileRole::kProfile));
    for (uint64_t sequence = 0; sequence < 4; ++sequence) {
      SegmentBuilder segment(StreamId{static_cast<uint32_t>(sequence % 2)}, sequence % 2 == 0 ? 0 : 99, sequence / 2,
                             kStart);
      for (int i = 0; i < 40; ++i) {
        std::string payload(random() % 30, '\0');
        for (char& byte : payload) byte = static_cast<char>(random() % 3 == 0 ? random() : random() % 8);
        if (sequence % 2 == 0) {
          segment.record_bytes(static_cast<RecordType>(1 + random() % 24), payload);
        } else {
          segment.bytes(payload);
        }
      }
      builder.segment(segment);
    }
    write("x.cistern", builder.file);
    EXPECT_TRUE(report()) << "round " << round;
  }
}

TEST_F(Damage, ChangedBytesInAWindowDoNoHarm) {
  std::mt19937 random(13);
  Recording recording = leaky_service();
  const std::string file = recording.bytes();
  ProfileHeader header = recording.header;
  header.role = FileRole::kWindow;
  WindowBuilder window(header);
  for (const SegmentBuilder& segment : recording.sealed()) window.slot(SlotState::kOwned, segment);
  const std::string whole = window.finish();
  ProfileBuilder empty(recording.header);
  write("x.cistern", empty.file);
  std::filesystem::create_directory(directory_.file("x.cistern.d"));
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole.substr(0, random() % 3 == 0 ? random() % whole.size() : whole.size());
    for (int i = 0; i < 6; ++i) {
      const size_t slot = kWindowSlotsOffset + (random() % recording.sealed().size()) * kSlotStride;
      const size_t at = random() % 2 == 0 ? slot + random() % 400 : random() % kWindowSlotsOffset;
      if (at < damaged.size()) damaged[at] = static_cast<char>(random());
    }
    write("x.cistern.d/4711-12345-1.window", damaged);
    report();
  }
  write("x.cistern.d/4711-12345-1.window", whole);
  EXPECT_TRUE(report());
  EXPECT_NE(out_.find("Session.profile"), std::string::npos);
}

TEST_F(Damage, ProfileWithOnlyAHeaderGivesAnEmptyReport) {
  ProfileBuilder builder(golden_header(FileRole::kProfile));
  write("x.cistern", builder.file);
  EXPECT_TRUE(report());
}

}  // namespace
}  // namespace cistern::analyzer
