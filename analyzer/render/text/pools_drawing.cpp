#include "analyzer/render/text/pools_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

constexpr std::array<std::string_view, 9> kAcross = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
constexpr std::array<std::string_view, 9> kUpward = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view kFreePool = "·";
constexpr std::string_view kHeld = "░";
constexpr size_t kChartRows = 5;
constexpr size_t kLabel = 9;

std::string_view pool_sign(const PoolTable& pools, uint32_t index) {
  const Pool& pool = pools.pool(index);
  if (pool.used == 0) return kFreePool;
  const uint64_t capacity = pools.blocks_in_pool(pool.size_class);
  if (pool.used >= capacity) return kUpward[8];
  return kUpward[std::min<size_t>(1 + pool.used * 7 / capacity, 7)];
}

struct Column {
  uint64_t held = 0;
  uint64_t used = 0;
};

// The maximum of each figure in the part of the time that a column covers.
std::vector<Column> columns_of(const std::vector<ImagePools::Point>& points, size_t count) {
  std::vector<Column> columns(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * points.size() / count;
    const size_t end = std::max((i + 1) * points.size() / count, begin + 1);
    for (size_t at = begin; at < end; ++at) {
      columns[i].held = std::max(columns[i].held, points[at].arena_bytes);
      columns[i].used = std::max(columns[i].used, points[at].used_bytes);
    }
  }
  return columns;
}

// The character of a column in row `row` of kChartRows; row 0 is the lowest.
std::string_view cell(const Column& column, uint64_t most, size_t row) {
  const uint64_t eighths = column.used * kChartRows * 8 / most;
  if (eighths >= (row + 1) * 8) return kUpward[8];
  if (eighths > row * 8) return kUpward[eighths - row * 8];
  return column.held * kChartRows * 2 > most * (row * 2 + 1) ? kHeld : " ";
}

}  // namespace

std::string bar(uint64_t part, uint64_t whole, size_t width) {
  if (part == 0 || whole == 0) return {};
  const auto eighths = static_cast<size_t>(
      std::max(1.0, static_cast<double>(part) * static_cast<double>(width * 8) / static_cast<double>(whole)));
  std::string out;
  for (size_t i = 0; i < std::min(eighths / 8, width); ++i) out += kAcross[8];
  if (eighths < width * 8) out += kAcross[eighths % 8];
  return out;
}

std::string arena_map(const PoolTable& pools) {
  std::vector<uint32_t> slots;
  for (uint32_t slot = 0; slot < pools.arena_slots(); ++slot) {
    if (pools.arena(slot).pools != 0) slots.push_back(slot);
  }
  std::sort(slots.begin(), slots.end(),
            [&](uint32_t a, uint32_t b) { return pools.arena(a).base < pools.arena(b).base; });
  std::string out;
  for (const uint32_t slot : slots) {
    out += fmt::format("{:14x} ", pools.arena(slot).base);
    for (uint32_t i = 0; i < pools.arena(slot).pools; ++i) out += pool_sign(pools, PoolTable::first_pool_of(slot) + i);
    out += '\n';
  }
  return out;
}

std::string arena_map_legend() {
  return "  one line per arena, one character per pool:  · free   ▁▂▃▄▅▆▇ partly used\n"
         "  █ full\n";
}

std::string curve_chart(const ImagePools& image, size_t width) {
  if (image.curve.empty() || image.peak_arena_bytes == 0) return {};
  const size_t count = width - kLabel - 3;
  const std::vector<Column> columns = columns_of(image.curve, count);
  std::string out;
  for (size_t row = kChartRows; row-- != 0;) {
    const std::string label = row + 1 == kChartRows ? format_bytes(image.peak_arena_bytes) : "";
    std::string line;
    size_t blank = 0;
    for (const Column& column : columns) {
      const std::string_view sign = cell(column, image.peak_arena_bytes, row);
      if (sign == " ") {
        ++blank;
        continue;
      }
      line += std::string(blank, ' ');
      blank = 0;
      line += sign;
    }
    out += pad_left(label, kLabel) + " │" + line + "\n";
  }
  const std::string begin = format_ns(image.curve.front().time_ns);
  const std::string end = format_ns(static_cast<int64_t>(image.facts.duration_ns));
  return out + std::string(kLabel, ' ') + "  " + begin + pad_left(end, count - std::min(count, width_of(begin))) + "\n";
}

}  // namespace cistern::analyzer
