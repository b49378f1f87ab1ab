// Where the files of an image are. The user names the profile of the first image. Windows, and the profiles of later
// images, lie in a directory beside it (FORMAT.md, "Files"). Nothing allocates.
#pragma once

#include <string_view>

#include "cistern/format/options.h"
#include "cistern/format/profile_header.h"
#include "preload/base/file_identity.h"
#include "preload/base/text.h"

namespace cistern::preload {

// The image that started this one, from the environment variable CISTERN_SESSION.
struct Session {
  bool found = false;
  ImageIdentity parent{};
  uint32_t generation = 0;
  PathText first_profile;
};
Session read_session(const char* text) noexcept;

// Makes the absolute path of the first image's profile. `output` is a template: %p is the pid, %h the host, %t the
// start in Unix seconds, %% a percent sign. A template that is empty or ends in '/' gets the default name.
void expand_output(std::string_view output, const ImageIdentity& image, PathText& path) noexcept;

// PATH.d for a first profile PATH; and in it the file PID-START-NUMBER with `suffix` (kProfileSuffix or kWindowSuffix).
void images_directory(const PathText& first_profile, PathText& path) noexcept;
void image_path(const PathText& first_profile, const ImageIdentity& image, std::string_view suffix,
                PathText& path) noexcept;
// Makes PATH.d, for this user only, whatever the umask. It may exist already. Returns 0 or an errno value; `made`
// becomes the identity of the directory.
int make_images_directory(const PathText& first_profile, FileIdentity& made) noexcept;
// Removes the images in PATH.d that an earlier run left: reports would take them for images of this run.
void remove_old_images(const PathText& first_profile) noexcept;
// Removes PATH.d if it is empty, and is still the one that was `made`.
void remove_images_directory(const PathText& first_profile, const FileIdentity& made) noexcept;
// Returns the identity of the directory that the path of the first profile leads to now.
FileIdentity folder_of(const PathText& first_profile) noexcept;

// Appends a line for `cistern run` to the file that CISTERN_RUN names: this image records to `profile`.
void append_to_run_file(const char* run_file, const ImageIdentity& image, const PathText& profile) noexcept;

}  // namespace cistern::preload
