#include "preload/recorder/image_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "preload/arch/arch.h"
#include "preload/base/memory.h"
#include "preload/base/proc.h"

namespace cistern::preload {
namespace {

uint64_t take_field(std::string_view& text) noexcept {
  const uint64_t value = take_number(text);
  if (!text.empty() && text.front() == ':') text.remove_prefix(1);
  return value;
}

// Returns the name that a user gives the program: for `python3 -W error -m pkg.mod arg` pkg.mod, for a script its file
// name without .py, for anything else the executable's name.
std::string_view program_name(std::string_view arguments) noexcept {
  const auto next = [&arguments]() {
    const std::string_view argument = arguments.substr(0, arguments.find('\0'));
    arguments.remove_prefix(argument.size() < arguments.size() ? argument.size() + 1 : argument.size());
    return argument;
  };
  const std::string_view executable = base_name(next());
  if (executable.find("python") == std::string_view::npos) return executable;
  while (!arguments.empty()) {
    const std::string_view argument = next();
    if (argument.size() < 2 || argument[0] != '-') {
      std::string_view name = base_name(argument);
      if (name.ends_with(".py")) name.remove_suffix(3);
      return name.empty() || name == "-" ? executable : name;
    }
    if (argument == "--check-hash-based-pycs") next();
    if (argument[1] == '-') continue;
    // Several one-letter options. The first of these takes the rest of the argument, or the next one, as its value.
    const size_t at = argument.find_first_of("cmWX", 1);
    if (at == std::string_view::npos) continue;
    const std::string_view value = at + 1 < argument.size() ? argument.substr(at + 1) : next();
    if (argument[at] == 'c') return "command";
    if (argument[at] == 'm') return value;
  }
  return executable;
}

// Replaces characters that a file name should not have with '_'.
void add_clean(PathText& path, std::string_view name) noexcept {
  for (const char c : name.substr(0, 100)) {
    const bool clean = c > ' ' && c != '/' && c != '%' && c != '\x7f';
    path.add(std::string_view(clean ? &c : "_", 1));
  }
}

void add_host(PathText& path) noexcept {
  utsname name{};
  raw_syscall(SYS_uname, reinterpret_cast<long>(&name));
  add_clean(path, name.nodename);
}

void add_default_name(PathText& path, const ImageIdentity& image) noexcept {
  constexpr size_t kArgumentsBytes = 4096;
  const ScratchObject<char[kArgumentsBytes]> arguments;
  std::string_view name;
  if (arguments) name = program_name(read_file("/proc/self/cmdline", *arguments, kArgumentsBytes));
  path.add("cistern.");
  add_clean(path, name.empty() ? base_name(executed_name()) : name);
  path.add(".").add(uint64_t{image.pid}).add(kProfileSuffix);
}

// Adds nothing where the working directory has been removed: then the path stays relative, and no file can be made.
void add_working_directory(PathText& path) noexcept {
  constexpr size_t kDirectoryBytes = 4096;
  const ScratchObject<char[kDirectoryBytes]> directory;
  if (directory) path.add(working_directory(*directory, kDirectoryBytes));
  if (!path.empty() && path.view().back() != '/') path.add("/");
}

}  // namespace

Session read_session(std::string_view text) noexcept {
  Session session;
  std::string_view rest = text;
  session.parent.pid = static_cast<uint32_t>(take_field(rest));
  session.parent.start_ticks = take_field(rest);
  session.parent.start_unix_ns = take_field(rest);
  session.parent.number = static_cast<uint32_t>(take_field(rest));
  session.generation = static_cast<uint32_t>(take_field(rest));
  session.first_profile = rest;
  session.found = session.parent.pid != 0 && rest.starts_with('/') && rest.size() < PathText::kCapacityBytes;
  return session;
}

void expand_output(std::string_view output, const ImageIdentity& image, PathText& path) noexcept {
  path.clear();
  if (!output.starts_with('/')) add_working_directory(path);
  if (has_default_name(output)) {
    path.add(output);
    add_default_name(path, image);
    return;
  }
  for (size_t i = 0; i < output.size(); ++i) {
    const char next = output[i] == '%' && i + 1 < output.size() ? output[i + 1] : '\0';
    if (next == 'p') path.add(uint64_t{image.pid});
    if (next == 'h') add_host(path);
    if (next == 't') path.add(image.start_unix_ns / 1'000'000'000);
    if (next == '%') path.add("%");
    if (next == 'p' || next == 'h' || next == 't' || next == '%') {
      ++i;
    } else {
      path.add(output.substr(i, 1));
    }
  }
}

bool has_default_name(std::string_view output) noexcept {
  return output.empty() || output.ends_with('/');
}

// The name ends with ".PID" before the suffix, so what follows the last '-' behind the last '.' is a number.
void number_default_name(PathText& path, uint32_t number) noexcept {
  std::string_view stem = path.view();
  stem.remove_suffix(kProfileSuffix.size());
  const size_t dash = stem.rfind('-');
  if (dash != std::string_view::npos && dash > stem.rfind('.')) stem.remove_suffix(stem.size() - dash);
  path.cut(stem.size());
  path.add("-").add(uint64_t{number}).add(kProfileSuffix);
}

void images_directory(const PathText& first_profile, PathText& path) noexcept {
  path.clear();
  path.add(first_profile.view()).add(".d");
}

void image_path(const PathText& first_profile, const ImageIdentity& image, std::string_view suffix,
                PathText& path) noexcept {
  images_directory(first_profile, path);
  path.add("/").add(uint64_t{image.pid}).add("-").add(image.start_ticks).add("-").add(uint64_t{image.number});
  path.add(suffix);
}

int make_images_directory(const PathText& first_profile, FileIdentity& made) noexcept {
  constexpr long kOwnerOnly = 0700;
  constexpr long kEachTheirOwn = 01777;
  const ScratchObject<PathText> path;
  if (!path) return ENOMEM;
  images_directory(first_profile, *path);
  if (!path->complete()) return ENAMETOOLONG;
  const auto user = static_cast<uint32_t>(raw_syscall(SYS_geteuid));
  const auto name = reinterpret_cast<long>(path->c_str());
  const long result = raw_syscall(SYS_mkdirat, AT_FDCWD, name, kOwnerOnly);
  if (is_error(result) && result != -EEXIST) return static_cast<int>(-result);
  // The umask may have removed even these permissions.
  if (result == 0) raw_syscall(SYS_fchmodat, AT_FDCWD, name, user == 0 ? kEachTheirOwn : kOwnerOnly);
  const FileStatus there = status_at(path->c_str());
  if (!S_ISDIR(there.mode)) return ENOTDIR;
  // Another user may have made it, to get at what is written there.
  if (there.owner != user && there.owner != 0 && there.owner != status_at(first_profile.c_str()).owner) return EACCES;
  made = there.identity;
  return 0;
}

uint32_t mode_of_shared_files(const PathText& first_profile) noexcept {
  const ScratchObject<PathText> path;
  if (!path) return 0600;
  images_directory(first_profile, *path);
  return (status_at(path->c_str()).mode & S_IWOTH) != 0 ? 0666 : 0600;
}

namespace {

// Calls visit(directory, name) for each entry of PATH.d until it returns false. Returns whether all were visited.
template <typename Visit>
bool for_each_file(const PathText& first_profile, Visit visit) noexcept {
  struct Entry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[1];  // NUL-terminated
  };               // linux_dirent64, see getdents64(2)
  constexpr size_t kEntriesBytes = 4096;
  const ScratchObject<PathText> path;
  const ScratchObject<char[kEntriesBytes]> entries;
  if (!path || !entries) return false;
  images_directory(first_profile, *path);
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path->c_str()),
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (is_error(fd)) return false;
  bool all = true;
  while (all) {
    const long got = raw_syscall(SYS_getdents64, fd, reinterpret_cast<long>(*entries), kEntriesBytes);
    if (got <= 0) break;
    for (long at = 0; at < got && all;) {
      const auto* const entry = reinterpret_cast<const Entry*>(*entries + at);
      all = visit(fd, entry->name);
      at += entry->size;
    }
  }
  raw_syscall(SYS_close, fd);
  return all;
}

}  // namespace

bool only_files_of(const PathText& first_profile, const ImageIdentity& image, std::string_view name) noexcept {
  Text<96> stem;
  stem.add(uint64_t{image.pid}).add("-").add(image.start_ticks).add("-").add(uint64_t{image.number}).add(".");
  return for_each_file(first_profile, [&](long, const char* found) {
    const std::string_view entry(found);
    return entry == "." || entry == ".." || entry == name || entry.starts_with(stem.view());
  });
}

void remove_old_images(const PathText& first_profile) noexcept {
  for_each_file(first_profile, [](long directory, const char* name) {
    if (is_image_file(name) || std::string_view(name) == kProgramsFile) {
      raw_syscall(SYS_unlinkat, directory, reinterpret_cast<long>(name), 0);
    }
    return true;
  });
}

void remove_images_directory(const PathText& first_profile, const FileIdentity& made) noexcept {
  const ScratchObject<PathText> path;
  if (!path) return;
  images_directory(first_profile, *path);
  if (!made.known() || status_at(path->c_str()).identity != made) return;
  raw_syscall(SYS_unlinkat, AT_FDCWD, reinterpret_cast<long>(path->c_str()), AT_REMOVEDIR);
}

FileIdentity folder_of(const PathText& first_profile) noexcept {
  const ScratchObject<PathText> path;
  if (!path) return {};
  path->add(directory_of(first_profile.view())).add("/.");  // follows a symbolic link at the end
  return status_at(path->c_str()).identity;
}

void append_to_run_file(const char* run_file, const ImageIdentity& image, const PathText& profile) noexcept {
  if (run_file == nullptr) return;
  const ScratchObject<Text<PathText::kCapacityBytes + 128>> line;
  if (!line) return;
  line->add(uint64_t{image.pid}).add(" ").add(image.start_ticks).add(" ").add(uint64_t{image.number}).add(" ");
  line->add(profile.view()).add("\n");
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(run_file), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (is_error(fd)) return;
  raw_syscall(SYS_write, fd, reinterpret_cast<long>(line->c_str()), static_cast<long>(line->size()));
  raw_syscall(SYS_close, fd);
}

}  // namespace cistern::preload
