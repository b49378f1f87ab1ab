#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/render/text/dump_text.h"

namespace cistern::analyzer {
namespace {

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<DumpOptions>();
  app.add_option("profile", options->paths, "Profiles, of one or more runs")->required()->type_name("FILE");
  app.add_flag("--segments", options->segments, "The segments");
  app.add_flag("--records", options->records, "The records");
  app.add_flag("--events", options->events, "The events, in order of time");
  app.add_option("--stream", options->stream_id, "Only this stream: 0 for records, others are threads")->type_name("N");
  app.add_option("--from", options->from_s, "Events from so many seconds after the start")->type_name("S");
  app.add_option("--to", options->to_s, "Events until so many seconds after the start")->type_name("S");
  app.add_option("--limit", options->limit, "At most so many records and so many events")->type_name("N");
  app.callback([options, &exit_code] { exit_code = static_cast<int>(report_dump(*options)); });
}

}  // namespace

const Command kDumpCommand = {"dump", "A profile's segments, records and events as text", set_up};

}  // namespace cistern::analyzer
