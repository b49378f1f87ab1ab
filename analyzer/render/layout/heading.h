// Texts that every report shares: its first line, notes about what the profile lacks, wrapped lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/model/missing_data.h"
#include "analyzer/render/layout/terminal.h"

namespace cistern::analyzer {

// "service.py, CPython 3.11.2, 12.4 s", with ", and 3 more processes" and the like.
std::string heading(const std::vector<ImageFacts>& images);
// How an image ended, as a clause: "ended, exit code 1", "killed by signal 9".
std::string ending(const ImageFacts& facts);
// One clause for each.
std::string text_of(const MissingData& missing);
std::vector<std::string> texts_of(const std::vector<MissingData>& missing);
// What every report says below its first line, and at its end: "NOT COMPLETE  …" for each reason why its figures cannot
// be trusted, and "note: …" for what does not change them. Empty when there is nothing to say.
std::string not_complete_lines(const std::vector<ImageFacts>& images, const Terminal& terminal);
std::string note_lines(const std::vector<ImageFacts>& images, const Terminal& terminal);
// `text` in lines of at most `columns` characters, each with a newline. Lines after the first begin with `indent`
// spaces. The caller has already written `used` columns of the first line.
std::string wrapped(std::string_view text, size_t columns, size_t indent = 2, size_t used = 0);
// `path` quoted for a shell, if it needs quotes.
std::string shell_word(std::string_view path);

}  // namespace cistern::analyzer
