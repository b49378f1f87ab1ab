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
  std::string_view first_profile;  // a part of the text that was read
};
Session read_session(std::string_view text) noexcept;

// Makes the absolute path of the first image's profile. `output` is a template: %p is the pid, %h the host, %t the
// start in Unix seconds, %% a percent sign. A template that is empty or ends in '/' gets the default name.
void expand_output(std::string_view output, const ImageIdentity& image, PathText& path) noexcept;

// Whether expand_output() chooses the name; and "NAME-NUMBER.cistern" instead of such a name "NAME.cistern", or
// "NAME-OTHER.cistern".
bool has_default_name(std::string_view output) noexcept;
void number_default_name(PathText& path, uint32_t number) noexcept;

// PATH.d for a first profile PATH; and in it the file PID-START-NUMBER with `suffix` (kProfileSuffix or kWindowSuffix).
void images_directory(const PathText& first_profile, PathText& path) noexcept;
void image_path(const PathText& first_profile, const ImageIdentity& image, std::string_view suffix,
                PathText& path) noexcept;
// Makes PATH.d, whatever the umask: for this user only; if the user is root, for all users, each of whom may remove
// only files of their own, because the program may change its user. It may exist already, if it belongs to this user,
// to root or to the owner of the first profile. Returns 0 or an errno value; `made` becomes the identity of the
// directory.
int make_images_directory(const PathText& first_profile, FileIdentity& made) noexcept;
// The permissions of a file in PATH.d that all processes of the run write to.
uint32_t mode_of_shared_files(const PathText& first_profile) noexcept;
// Whether PATH.d has no files but those of `image` and the file `name`.
bool only_files_of(const PathText& first_profile, const ImageIdentity& image, std::string_view name) noexcept;
// Removes the images in PATH.d that an earlier run left: reports would take them for images of this run.
void remove_old_images(const PathText& first_profile) noexcept;
// Removes PATH.d if it is empty, and is still the one that was `made`.
void remove_images_directory(const PathText& first_profile, const FileIdentity& made) noexcept;
// Returns the identity of the directory that the path of the first profile leads to now.
FileIdentity folder_of(const PathText& first_profile) noexcept;

// Appends a line for `cistern run` to the file that CISTERN_RUN names: this image records to `profile`.
void append_to_run_file(const char* run_file, const ImageIdentity& image, const PathText& profile) noexcept;

}  // namespace cistern::preload
