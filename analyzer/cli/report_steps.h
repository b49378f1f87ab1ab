// The steps that the commands for reports share: analysis with a progress bar, and warnings.
#pragma once

#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/warnings.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

// The result of a query. `recordings` must outlive it. Errors: Failure.
template <typename Query>
auto analyzed(const Recordings& recordings, const Query& query) {
  ProgressBar progress;
  return analyze(recordings, query, &progress);
}

// Prints on standard error which parts of the images could not be read, and which modules have changed since the
// recording. `tree` may be null.
inline void print_warnings(const std::vector<ImageFacts>& images, const CallTree* tree) {
  print_warnings(damage_warnings(images));
  if (tree != nullptr) print_warnings(module_warnings(*tree));
}

}  // namespace cistern::analyzer
