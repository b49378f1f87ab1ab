// In the checking build only (CISTERN_CHECK_STACKS).
#pragma once

namespace cistern::preload {

// Appends a line such as "captures N mismatches M …" to the file that the environment variable CISTERN_CHECK_REPORT
// names.
void report_checks() noexcept;

}  // namespace cistern::preload
