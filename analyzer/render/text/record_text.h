// One record of a profile as one line of text: its type, then "name=value" for each field.
#pragma once

#include <string>

#include "cistern/format/record.h"

namespace cistern::analyzer {

std::string record_text(const RawRecord& record);

}  // namespace cistern::analyzer
