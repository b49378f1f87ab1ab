#include "analyzer/render/json/lines_json.h"

#include "analyzer/render/json/report_json.h"

namespace cistern::analyzer {
namespace {

Json amount_json(const Amount& amount) {
  return {{"bytes", amount.bytes}, {"blocks", amount.blocks}};
}

Json line_json(uint64_t number, const LineFigures& line, const SourceText& source) {
  return {
      {"line", number == 0 ? Json(nullptr) : Json(number)},
      {"function", line.function},
      {"source", source.readable() ? Json(source.line(number)) : Json(nullptr)},
      {"live", amount_json(line.figures.live)},
      {"peak", amount_json(line.figures.at_peak)},
      {"total", amount_json(line.figures.allocated)},
  };
}

}  // namespace

std::string lines_json(const LinesResult& result, const SourceText& source) {
  const FileFigures& file = result.file;
  Json lines = Json::array();
  for (const auto& [number, line] : file.lines) lines.push_back(line_json(number, line, source));
  return json_text({
      {"schema", "cistern.lines/1"},
      {"complete", all_complete(result.images)},
      {"incomplete_because", reasons_json(result.images)},
      {"images", images_json(result.images)},
      {"file", file.file},
      {"source_changed", source.changed},
      {"live", amount_json(file.sum.live)},
      {"peak", amount_json(file.sum.at_peak)},
      {"total", amount_json(file.sum.allocated)},
      {"lines", std::move(lines)},
  });
}

}  // namespace cistern::analyzer
