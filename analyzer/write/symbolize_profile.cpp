#include "analyzer/write/symbolize_profile.h"

#include <filesystem>

#include "analyzer/read/image_paths.h"
#include "analyzer/write/finalize_packed.h"
#include "analyzer/write/profile_tree.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

// Makes the window and the packed file that a killed process or a killed `cistern run` left part of the profile.
void finalize_image(const std::string& profile) {
  const ProfileHeader header = ended_header_of(profile);
  const std::string window = window_of(profile, header);
  const std::string packed = packed_of(profile, header);
  std::error_code ignored;
  if (fs::exists(packed, ignored)) {
    if (!finalize_and_pack(profile, window, packed, std::nullopt)) throw damaged_profile(profile);
  } else if (!window.empty()) {
    finalize(profile, window, std::nullopt);
  }
}

}  // namespace

SymbolCounts symbolize_profile(const std::string& path, Symbolizer& symbolizer, Progress& progress) {
  SymbolCounts counts;
  for (const std::string& profile : profiles_of(path)) {
    finalize_image(profile);
    counts.add(add_symbols(profile, symbolizer, SymbolWriting::kReplace, &progress));
  }
  std::error_code ignored;
  fs::remove(path + ".d", ignored);  // only when it is empty
  return counts;
}

}  // namespace cistern::analyzer
