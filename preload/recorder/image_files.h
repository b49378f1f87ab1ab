// Where the files of an image are: the first image's profile is named by the user; windows, and the profiles of the
// images below it, lie in a directory beside it (cistern/FORMAT.md, "Files of a run"). Nothing allocates.
#pragma once

#include <string_view>

#include "cistern/format/options.h"
#include "cistern/format/profile_header.h"
#include "preload/base/file_identity.h"
#include "preload/base/text.h"

namespace cistern::preload {

// Who recorded above this image, from the environment variable CISTERN_SESSION.
struct Session {
  bool found = false;
  ImageIdentity parent{};
  uint32_t generation = 0;
  PathText first_profile;
};
Session read_session(const char* text) noexcept;

// The absolute path of the first image's profile: the template with %p pid, %h host, %t start (Unix seconds), %%
// percent; a template that is empty or ends in '/' gets the default name.
void expand_output(std::string_view output, const ImageIdentity& image, PathText& path) noexcept;

// PATH.d, and in it PID-START-NUMBER with `suffix` (kProfileSuffix or kWindowSuffix).
void images_directory(const PathText& first_profile, PathText& path) noexcept;
void image_path(const PathText& first_profile, const ImageIdentity& image, std::string_view suffix,
                PathText& path) noexcept;
// Makes PATH.d, for this user only, whatever the umask. Returns 0 or an errno value; it may be there already. `made`
// says which directory it is.
int make_images_directory(const PathText& first_profile, FileIdentity& made) noexcept;
// Removes the images in it that an earlier run left, for reports would take them for those of this run.
void remove_old_images(const PathText& first_profile) noexcept;
// Removes PATH.d if it is empty, and is still the one that was `made`.
void remove_images_directory(const PathText& first_profile, const FileIdentity& made) noexcept;
// The directory that the first profile was made in, as its path leads there now.
FileIdentity folder_of(const PathText& first_profile) noexcept;

// Tells `cistern run`, in the file that CISTERN_RUN names, that this image records to `profile`.
void append_to_run_file(const char* run_file, const ImageIdentity& image, const PathText& profile) noexcept;

}  // namespace cistern::preload
