#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/model/image_facts.h"
#include "analyzer/render/text/dump_text.h"

namespace cistern::analyzer {
namespace {

struct DumpCommandOptions {
  std::vector<std::string> paths;
  DumpOptions dump;
};

ExitCode run_dump(const DumpCommandOptions& options) {
  const Recordings recordings = open_and_warn(options.paths);
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) {
      write_dump(image, options.dump);
      print_warnings(damage_warnings({facts_from_records(image)}));
    }
  }
  return recordings.exit_code();
}

}  // namespace

void set_up_dump(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<DumpCommandOptions>();
  DumpOptions& dump = options->dump;
  app.add_option("profile", options->paths, "Profiles of one or more runs")->required()->type_name("FILE");
  app.add_flag("--segments", dump.segments, "Print the segments");
  app.add_flag("--records", dump.records, "Print the records");
  app.add_flag("--events", dump.events, "Print the events, sorted by time");
  app.add_option("--stream", dump.stream_id, "Only this stream: 0 has the records, each other one is a thread")
      ->type_name("N");
  app.add_option("--from", dump.from_s, "Only events from S seconds after the start on")->type_name("S");
  app.add_option("--to", dump.to_s, "Only events before S seconds after the start")->type_name("S");
  app.add_option("--limit", dump.limit, "Print at most N records and N events of each process")->type_name("N");
  app.callback([options, &exit_code] { exit_code = static_cast<int>(run_dump(*options)); });
}

}  // namespace cistern::analyzer
