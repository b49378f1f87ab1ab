// A library to preload instead of the recorder. On load it writes a profile and a window, as a recorder that is killed
// leaves them, and lists them for `cistern run`. FAKE_PROFILE is the path of the profile; %p stands for the pid.
// Without it the library does nothing. FAKE_END=exit adds an end record: the program called exit().

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "cistern/format/options.h"
#include "tests/builders/hand_made_profile.h"

namespace {

namespace made = cistern::hand_made;

std::string profile_path(std::string path) {
  const size_t at = path.find("%p");
  return at == std::string::npos ? path : path.replace(at, 2, std::to_string(getpid()));
}

std::vector<made::Piece> pieces(uint32_t pid) {
  std::vector<made::Piece> all = {made::events(1, 0, pid, 3)};
  const char* end = std::getenv("FAKE_END");
  if (end != nullptr) {
    cistern::EndRecord record;
    record.how = cistern::EndKind::kExit;
    all.push_back(made::records(0, pid, cistern::framed(record)));
  }
  return all;
}

void write_profile(const std::string& path, const char* list) {
  const auto pid = static_cast<uint32_t>(getpid());
  const cistern::ProfileHeader header = made::header_of(cistern::FileRole::kProfile, pid, made::own_start_ticks());
  made::save(path, made::profile_file(header, {}));
  cistern::ProfileHeader window = made::header_of(cistern::FileRole::kWindow, pid, header.image.start_ticks);
  cistern::WindowControl control{};
  control.counters[static_cast<size_t>(cistern::Counter::kLostEvents)] = 2;
  made::save(made::window_path(path, header.image), made::window_file(window, pieces(pid), control));
  std::ofstream(list, std::ios::app) << pid << ' ' << header.image.start_ticks << " 1 " << path << '\n';
}

__attribute__((constructor)) void load() {
  const char* path = std::getenv("FAKE_PROFILE");
  const char* list = std::getenv(cistern::kRunVariable);
  if (path != nullptr && list != nullptr) write_profile(profile_path(path), list);
}

}  // namespace
