#include "preload/recorder/image_start.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <cstring>

#include "cistern/format/checksum.h"
#include "preload/arch/arch.h"
#include "preload/base/clock.h"
#include "preload/base/memory.h"
#include "preload/base/proc.h"
#include "preload/recorder/child_environment.h"
#include "preload/recorder/children.h"
#include "preload/recorder/epoch.h"
#include "preload/recorder/facts.h"
#include "preload/recorder/file_errors.h"
#include "preload/recorder/image_files.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/recorder.h"

namespace cistern::preload {
namespace {

constexpr uint64_t kMaxTableBytes = uint64_t{256} << 20;  // half of it can be resident

void fill_header() noexcept {
  ProfileHeader& header = g_recorder.header;
  std::memcpy(header.magic, kProfileMagic, sizeof header.magic);
  header.major = kFormatMajor;
  header.minor = kFormatMinor;
  header.machine = kElfMachine;
  header.header_bytes = kProfileHeaderBytes;
  header.clock = g_clock.kind;
  header.time_shift = static_cast<uint16_t>(g_clock.shift);
  header.clock_hz = g_clock.hz;
  header.first_time = now();
  header.domains = g_recorder.options.domains;
}

ProfileHeader& header_as(FileRole role) noexcept {
  g_recorder.header.role = role;
  g_recorder.header.checksum = checksum_of(g_recorder.header);
  return g_recorder.header;
}

// Makes the profile of the first image. If another Python that the same `cistern run` started has taken the name, this
// image's profile goes into the directory beside it.
int create_first_profile() noexcept {
  Recorder& recorder = g_recorder;
  int error =
      recorder.segments.output.create(recorder.first_profile, header_as(FileRole::kProfile), recorder.options.force);
  // A default name has the pid, which other containers use too: the file is another run's.
  for (uint32_t number = 2; error == EEXIST && has_default_name(recorder.options.output) && number < 10'000; ++number) {
    number_default_name(recorder.first_profile, number);
    error = recorder.segments.output.create(recorder.first_profile, header_as(FileRole::kProfile), false);
  }
  if (error == 0 && recorder.options.force) remove_old_images(recorder.first_profile);
  if (error == EEXIST && run_file() != nullptr) recorder.is_first_image = false;
  return error;
}

// Makes the profile of a later image. Images that exec made in one process differ in their number.
int create_later_profile() noexcept {
  Recorder& recorder = g_recorder;
  if (const int error = make_images_directory(recorder.first_profile, recorder.images_directory); error != 0)
    return error;
  const ScratchObject<PathText> path;
  if (!path) return ENOMEM;
  for (;; ++recorder.header.image.number) {
    image_path(recorder.first_profile, recorder.header.image, kProfileSuffix, *path);
    const int error = recorder.segments.output.create(*path, header_as(FileRole::kProfile), false);
    if (error != EEXIST || recorder.header.image.number > 100'000) return error;
  }
}

void discard_files() noexcept {
  Recorder& recorder = g_recorder;
  recorder.segments.output.discard();
  if (recorder.segments.window.is_open()) recorder.segments.window.unlink();
  remove_images_directory(recorder.first_profile, recorder.images_directory);
}

// Returns 0 or an errno value.
int create_files() noexcept {
  Recorder& recorder = g_recorder;
  int error = recorder.is_first_image ? create_first_profile() : 0;
  if (error != 0 && (recorder.is_first_image || recorder.options.follow == Follow::kNone)) return error;
  if (!recorder.is_first_image) error = create_later_profile();
  if (error != 0) return error;
  const ScratchObject<PathText> window;
  if (!window) return ENOMEM;
  image_path(recorder.first_profile, recorder.header.image, kWindowSuffix, *window);
  error = make_images_directory(recorder.first_profile, recorder.images_directory);
  if (error == 0) error = recorder.segments.window.open(*window, header_as(FileRole::kWindow));
  if (error != 0) discard_files();
  return error;
}

// Later images print nothing: there may be many, and their parents may read their output.
void decline_image(int error) noexcept {
  if (g_recorder.forked) note_failed_image(error);
  if (!g_recorder.is_first_image) return decline_recording();
  decline_recording("not recording", g_recorder.first_profile.view(), reason_of(error));
}

}  // namespace

void identify_image(uint32_t number) noexcept {
  ProfileHeader& header = g_recorder.header;
  header.image.pid = process_id();
  header.image.start_ticks = process_start_ticks();
  header.image.start_unix_ns = read_clock(CLOCK_REALTIME);
  header.image.number = number;
  header.pid_namespace = pid_namespace();
}

bool begin_image() noexcept {
  Recorder& recorder = g_recorder;
  fill_header();
  raw_syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  if (const int error = create_files(); error != 0) {
    decline_image(error);
    return false;
  }
  recorder.segments.pid = recorder.header.image.pid;
  recorder.segments.generation = recorder.header.generation;
  const bool overwrite = recorder.options.ring == RingMode::kOverwrite;
  recorder.segments.output.attach(recorder.segments.window.control(), max_size_of(recorder.options), overwrite);
  recorder.event_clock.begin(recorder.segments.window.control().coarse_clock);
  const bool codes_watched = (recorder.options.domains & bit_of(Domain::kObj)) != 0;
  recorder.interner.begin(recorder.records, kMaxTableBytes, codes_watched);
  if (!recorder.records.begin(recorder.segments, now())) {
    discard_files();
    decline_image(ENOSPC);
    return false;
  }
  begin_children();
  if (overwrite) begin_first_epoch();
  write_clock_pair(recorder.records);
  write_image_facts(recorder.records, recorder.options_text.view());
  recorder.forked ? write_known_modules(recorder.records) : update_modules(recorder.records);
  write_memory(recorder.records);
  recorder.phases.begin(recorder.records, now());
  append_to_run_file(run_file(), recorder.header.image, recorder.segments.output.path());
  return true;
}

void prepare_child_environment() noexcept {
  if (g_recorder.options.follow == Follow::kNone) return;
  export_session(g_recorder.header.image, g_recorder.header.generation, g_recorder.first_profile);
}

// The switch is set before the state: a thread that reads the state also sees that the switch is not wiped. Pairs with
// take_slow_path().
void begin_events() noexcept {
  const bool paused = g_recorder.paused.load(std::memory_order_relaxed);
  if (paused) g_recorder.phases.enter(Phase::kStopped, now());
  paused ? switch_recording_off() : switch_recording_on();
  g_recorder.state.store(RecorderState::kRecording, std::memory_order_release);
}

}  // namespace cistern::preload
