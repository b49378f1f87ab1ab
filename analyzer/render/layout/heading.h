// The first line of a text report, what it is about, and the notes about what to trust, which every report shares.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/image_facts.h"

namespace cistern::analyzer {

// "service.py, CPython 3.11.2, 12.4 s", with ", and 3 more processes" and the like.
std::string heading(const std::vector<ImageFacts>& images);
// "exit code 1", "killed by signal 9", …: how an image ended, as a clause.
std::string ending(const ImageFacts& facts);
// What is missing, one line each, most important first; empty when the profile is complete.
std::vector<std::string> notes(const std::vector<ImageFacts>& images);
// `text` in lines of at most `columns` characters, further lines indented by two, newlines behind.
std::string wrapped(std::string_view text, size_t columns);
// A path as an argument for a shell.
std::string shell_word(std::string_view path);

}  // namespace cistern::analyzer
