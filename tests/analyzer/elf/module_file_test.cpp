// Look-up of addresses in a compiled object: with debug information, without it, with a separate debug file, and in
// another build of the object.
#include "analyzer/elf/module_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/builders/native_sample.h"
#include "tests/builders/temporary_directory.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kEver = INT64_MAX;

class ModuleFiles : public testing::Test {
 protected:
  ModuleFile file(const std::string& name, const std::string& build_id = NativeSample::build_id()) const {
    return {sample_path(name), build_id, kEver, {.root = directory_.path()}};
  }
  static std::string function(const FoundPlace& place, size_t level = 0) {
    return place.functions.size() > level ? place.functions[level].function : "(nothing)";
  }

  NativeSample sample_;
  TemporaryDirectory directory_;
};

TEST_F(ModuleFiles, DebugInformationGivesFunctionFileAndLine) {
  ModuleFile module = file("sample.so");
  const FoundPlace place = module.find(sample_.address_in("plain_call"));
  EXPECT_EQ(place.source, SymbolSource::kDebugInfo);
  ASSERT_EQ(place.functions.size(), 1u);
  EXPECT_EQ(place.functions[0].function, "plain_call");
  EXPECT_EQ(place.functions[0].line, sample_.line("kPlainLine"));
  EXPECT_TRUE(place.functions[0].file.ends_with("tests/builders/native/sample.cpp")) << place.functions[0].file;
}

TEST_F(ModuleFiles, InlinedFunctionsAreInnermostFirstWithTheirLines) {
  ModuleFile module = file("sample.so");
  const FoundPlace place = module.find(sample_.address_in("outer_call"));
  ASSERT_EQ(place.functions.size(), 2u);
  EXPECT_TRUE(function(place, 0).starts_with("inner_call")) << function(place, 0);
  EXPECT_EQ(place.functions[0].line, sample_.line("kInnerLine"));
  EXPECT_EQ(function(place, 1), "outer_call");
  EXPECT_EQ(place.functions[1].line, sample_.line("kOuterLine"));
  EXPECT_EQ(place.functions[1].file, place.functions[0].file);
}

TEST_F(ModuleFiles, TemplateNamesAreDemangled) {
  ModuleFile module = file("sample.so");
  const FoundPlace place = module.find(sample_.address_in("grow_ints"));
  ASSERT_FALSE(place.functions.empty());
  EXPECT_EQ(function(place), "cold::Buffer<int>::grow(unsigned long, void (*)())");
  EXPECT_EQ(place.functions[0].line, sample_.line("kGrowLine"));
}

TEST_F(ModuleFiles, StrippedModuleGivesNamesOfExportedFunctions) {
  ModuleFile module = file("stripped.so");
  const FoundPlace place = module.find(sample_.address_in("outer_call"));
  EXPECT_EQ(place.source, SymbolSource::kSymbolTable);
  ASSERT_EQ(place.functions.size(), 1u);
  EXPECT_EQ(function(place), "outer_call");
  EXPECT_EQ(place.functions[0].line, 0u);
}

TEST_F(ModuleFiles, AddressOutsideFunctionsHasNoName) {
  for (const char* name : {"sample.so", "stripped.so"}) {
    ModuleFile module = file(name);
    for (const uint64_t address : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 40, UINT64_MAX}) {
      const FoundPlace place = module.find(address);
      EXPECT_EQ(place.source, SymbolSource::kNone) << name << " " << address;
      EXPECT_TRUE(place.functions.empty());
    }
  }
}

TEST_F(ModuleFiles, DebugFileIsFoundByDebuglink) {
  ModuleFile module = file("linked.so");
  const FoundPlace place = module.find(sample_.address_in("outer_call"));
  EXPECT_EQ(place.source, SymbolSource::kDebugInfo);
  EXPECT_EQ(place.functions.size(), 2u);
}

TEST_F(ModuleFiles, DebugFileWithWrongChecksumIsNotUsed) {
  fs::copy_file(sample_path("linked.so"), directory_.file("linked.so"));
  fs::copy_file(sample_path("linked.debug"), directory_.file("linked.debug"));
  std::ofstream(directory_.file("linked.debug"), std::ios::app) << "more";
  ModuleFile module(directory_.file("linked.so"), NativeSample::build_id(), kEver, {.root = "/nowhere"});
  EXPECT_EQ(module.find(sample_.address_in("outer_call")).source, SymbolSource::kSymbolTable);
}

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
    text += digits;
  }
  return text;
}

TEST_F(ModuleFiles, DebugFileIsFoundByBuildIdWithoutTheModule) {
  const std::string id = hex(NativeSample::build_id());
  const fs::path folder = fs::path(directory_.path()) / ".build-id" / id.substr(0, 2);
  fs::create_directories(folder);
  fs::copy_file(sample_path("linked.debug"), folder / (id.substr(2) + ".debug"));
  ModuleFile stripped = file("stripped.so");
  EXPECT_EQ(stripped.find(sample_.address_in("outer_call")).functions.size(), 2u);
  ModuleFile gone = file("gone.so");
  EXPECT_EQ(gone.state(), ModuleState::kAbsent);
  ASSERT_TRUE(gone.is_used());
  EXPECT_EQ(gone.find(sample_.address_in("outer_call")).functions.size(), 2u);
}

// A folder in the place of a server; libdebuginfod takes both.
TEST_F(ModuleFiles, DebugFileIsFetchedOnlyFromServersInTheEnvironment) {
  const fs::path folder = fs::path(directory_.path()) / "server/buildid" / hex(NativeSample::build_id());
  fs::create_directories(folder);
  fs::copy_file(sample_path("linked.debug"), folder / "debuginfo");
  static std::string requested;
  requested.clear();
  const DebugSources sources{.root = "/nowhere",
                             .debuginfod = [](const std::string& module, const std::string&) { requested += module; }};
  const auto find = [&](const DebugSources& from) {
    ModuleFile module(sample_path("stripped.so"), NativeSample::build_id(), kEver, from);
    return module.find(sample_.address_in("outer_call")).source;
  };
  setenv("DEBUGINFOD_CACHE_PATH", directory_.file("cache").c_str(), 1);
  unsetenv("DEBUGINFOD_URLS");
  EXPECT_EQ(find(sources), SymbolSource::kSymbolTable);
  setenv("DEBUGINFOD_URLS", ("file://" + directory_.file("server") + "/").c_str(), 1);
  EXPECT_EQ(find({.root = "/nowhere"}), SymbolSource::kSymbolTable);
  EXPECT_FALSE(fs::exists(directory_.file("cache")));
  EXPECT_EQ(requested, "");
  EXPECT_EQ(find(sources), SymbolSource::kDebugInfo);
  EXPECT_EQ(requested, "stripped.so");
  unsetenv("DEBUGINFOD_URLS");
}

TEST_F(ModuleFiles, AnotherBuildIsNotUsed) {
  const ModuleFile module = file("sample_other.so");
  EXPECT_EQ(module.state(), ModuleState::kOtherBuild);
  EXPECT_FALSE(module.is_used());
  const ModuleFile without_id = file("sample.so", "");
  EXPECT_EQ(without_id.state(), ModuleState::kOtherBuild);
}

TEST_F(ModuleFiles, FileThatIsNoElfFileIsNotUsed) {
  std::ofstream(directory_.file("text.so")) << "no ELF file\n";
  std::ofstream(directory_.file("cut.so")) << "\x7f"
                                              "ELF";
  const auto state = [](const std::string& path) {
    return ModuleFile(path, "\x01\x02", kEver, {.root = "/nowhere"}).state();
  };
  EXPECT_EQ(state(directory_.file("text.so")), ModuleState::kUnreadable);
  EXPECT_NE(state(directory_.file("cut.so")), ModuleState::kUsed);
  EXPECT_EQ(state(directory_.path()), ModuleState::kUnreadable);
  EXPECT_EQ(state("/dev/zero"), ModuleState::kUnreadable);
  EXPECT_EQ(state("linux-vdso.so.1"), ModuleState::kAbsent);
}

TEST_F(ModuleFiles, TruncatedFilesDoNotCrash) {
  std::ifstream in(sample_path("sample.so"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  const uint64_t address = sample_.address_in("outer_call");
  for (size_t size = 1; size < whole.size(); size += whole.size() / 61) {
    std::ofstream(directory_.file("cut.so"), std::ios::binary | std::ios::trunc)
        .write(whole.data(), static_cast<std::streamsize>(size));
    ModuleFile module(directory_.file("cut.so"), NativeSample::build_id(), kEver, {.root = "/nowhere"});
    if (module.is_used()) module.find(address);
  }
}

}  // namespace
}  // namespace cistern::analyzer
