// Fuzzes parsers of texts: CISTERN_OPTIONS, CISTERN_SESSION, suppression files, the list of images of `cistern run`,
// moments and patterns. The first byte chooses the parser.
#include <chrono>
#include <string>
#include <string_view>

#include "analyzer/check/suppressions.h"
#include "analyzer/live/image_list.h"
#include "analyzer/model/moment.h"
#include "analyzer/read/failure.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/symbols/selection.h"
#include "cistern/format/options.h"
#include "preload/recorder/image_files.h"
#include "tests/fuzz/captured_output.h"
#include "tests/fuzz/fuzz_target.h"

namespace cistern::fuzz {
namespace {

bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void options(const std::string& text) {
  Options options;
  const auto error = parse_options(text, options);
  require(lies_in(options.output, text), "a value is a part of the text");
  if (error) require(lies_in(error->pair, text) && !error->expected.empty(), "an error names what is wrong");
}

void session(const std::string& text) {
  const preload::Session session = preload::read_session(text);
  if (!session.found) return;
  require(session.first_profile.size() <= text.size(), "the path is a part of the text");
  preload::PathText path;
  preload::PathText first;
  first.add(session.first_profile);
  preload::image_path(first, session.parent, ".window", path);
  preload::PathText expanded;
  preload::expand_output(session.first_profile, session.parent, expanded);
}

void suppressions(const std::string& text) {
  try {
    const analyzer::Suppressions read(text, "accepted.toml", std::chrono::sys_days{});
    for (const auto& entry : read.entries()) require(!entry.reason.empty(), "every entry has a reason");
  } catch (const analyzer::Failure& failure) {
    require(failure.code() == analyzer::ExitCode::kUsage, "what makes no sense is the user's fault");
  }
}

void image_line(const std::string& text) {
  analyzer::ListedImage image;
  analyzer::parse_image_line(text, image);
}

void moment(const std::string& text) {
  try {
    analyzer::parse_moment(text);
  } catch (const analyzer::Failure&) {
  }
}

void pattern(const std::string& text) {
  const size_t half = text.size() / 2;
  analyzer::matches(text.substr(0, half), text.substr(half));
}

void printable(const std::string& text) {
  require(is_plain_text(analyzer::printable(text)), "what is printable is plain text");
  require(is_plain_text(analyzer::fit(analyzer::printable(text), text.size() / 2)), "and when it was cut");
}

using Reader = void (*)(const std::string&);
constexpr Reader kReaders[] = {options, session, suppressions, image_line, moment, pattern, printable};

}  // namespace
}  // namespace cistern::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cistern::fuzz;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  kReaders[data[0] % std::size(kReaders)](text);
  return 0;
}
