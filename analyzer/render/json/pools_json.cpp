#include "analyzer/render/json/pools_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/pools/pool_figures.h"
#include "analyzer/render/json/report_json.h"

namespace cistern::analyzer {
namespace {

Json classes_json(const PoolFigures& figures) {
  Json list = Json::array();
  for (size_t i = 0; i < kSizeClasses; ++i) {
    const ClassFigures& row = figures.classes[i];
    if (row.pools == 0) continue;
    list.push_back({{"size", PoolTable::class_bytes(i)}, {"pools", row.pools}, {"used", row.used}, {"free", row.free}});
  }
  return list;
}

Json waste_json(const PoolFigures& figures) {
  return {
      {"rounding", figures.rounding_bytes},          {"free_blocks", figures.free_block_bytes},
      {"free_pools", figures.free_pool_bytes},       {"empty_arenas", figures.empty_arena_bytes},
      {"headers_and_tails", figures.overhead_bytes},
  };
}

void add_figures(Json& json, const PoolFigures& figures) {
  json["arena_bytes"] = figures.arena_bytes;
  json["arenas"] = figures.arenas;
  json["used_bytes"] = figures.used_bytes();
  json["used_blocks"] = figures.used_blocks;
  json["requested_bytes"] = figures.requested_bytes;
  json["held_unused_bytes"] = figures.held_unused_bytes();
  json["pools_in_use"] = figures.pools_in_use;
  json["free_pools"] = figures.free_pools;
  json["waste"] = waste_json(figures);
  json["classes"] = classes_json(figures);
}

Json curve_json(const ImagePools& image) {
  Json list = Json::array();
  for (const ImagePools::Point& point : image.curve) {
    list.push_back({{"time_ns", point.time_ns}, {"arena_bytes", point.arena_bytes}, {"used_bytes", point.used_bytes}});
  }
  return list;
}

// For each arena its pools in order of address: [class, used blocks], [0, 0] for a free pool.
Json map_json(const PoolTable& pools) {
  Json list = Json::array();
  for (uint32_t slot = 0; slot < pools.arena_slots(); ++slot) {
    const PoolArena& arena = pools.arena(slot);
    if (arena.pools == 0) continue;
    Json row = Json::array();
    for (uint32_t i = 0; i < arena.pools; ++i) {
      const Pool& pool = pools.pool(PoolTable::first_pool_of(slot) + i);
      row.push_back({pool.used == 0 ? 0 : PoolTable::class_bytes(pool.size_class), pool.used});
    }
    list.push_back({{"base", arena.base}, {"first_pool", arena.first_pool}, {"pools", std::move(row)}});
  }
  return list;
}

Json no_pools_json(NoPools reason) {
  switch (reason) {
    case NoPools::kPresent:
      break;
    case NoPools::kNoInterpreter:
      return "no Python interpreter was seen in it";
    case NoPools::kNotCPython:
      return "its interpreter is not CPython, and has no pymalloc";
    case NoPools::kFreeThreaded:
      return "a free-threaded Python has mimalloc instead of arenas and pools";
    case NoPools::kMallocSelected:
      return "Python was told to use malloc instead of pymalloc (PYTHONMALLOC), so there are no pools";
    case NoPools::kMimallocSelected:
      return "Python was told to use mimalloc instead of pymalloc (PYTHONMALLOC), so there are no pools";
    case NoPools::kNotRecorded:
      return "the blocks in pools were not recorded (--domains leaves out mem or obj)";
    case NoPools::kNoOwnArena:
      return "it made no arena of its own by then, and those inherited from its parent are not known";
    case NoPools::kNoArena:
      return "it had no arena then";
    case NoPools::kNotRunning:
      return "it was not running then";
  }
  return nullptr;
}

Json pools_image_json(const ImagePools& image, bool map) {
  Json json = image_json(image.facts);
  json["at_ns"] = image.at_ns;
  json["no_pools"] = no_pools_json(image.no_pools);
  json["inherits_arenas"] = image.forked;
  add_figures(json, figures_of(image.pools));
  json["pool_bytes"] = image.pools.pool_bytes();
  json["worst_ns"] = image.worst_ns;
  json["worst_held_unused_bytes"] = image.worst_bytes;
  json["peak_arena_bytes"] = image.peak_arena_bytes;
  json["malloc_free_bytes"] = image.malloc_free_bytes ? Json(*image.malloc_free_bytes) : Json(nullptr);
  json["curve"] = curve_json(image);
  if (map) json["map"] = map_json(image.pools);
  return json;
}

Json pool_reasons_json(const PoolsResult& result) {
  Json reasons = reasons_json(result.images);
  for (const ImagePools& image : result.image_pools) {
    if (!image.forked) continue;
    reasons.push_back(
        fmt::format("process {}: it was forked; arenas inherited from its parent are not included", image.facts.pid));
  }
  return reasons;
}

bool is_complete(const ImagePools& image) {
  return image.facts.complete() && !image.forked;
}

Json holders_json(const PoolsResult& result, const OutputOptions& output) {
  Json list = Json::array();
  for (const PoolHolder& holder : result.holders) {
    if (list.size() == output.top_or(0)) break;
    list.push_back({{"bytes", holder.bytes},
                    {"requested_bytes", holder.requested_bytes},
                    {"blocks", holder.blocks},
                    {"stack", stack_json(result.tree, holder.stack, output.depth_or(0))}});
  }
  return list;
}

Json head_json(const PoolsResult& result, const PoolsQuery& query, const OutputOptions& output, bool map) {
  Json images = Json::array();
  for (const ImagePools& image : result.image_pools) images.push_back(pools_image_json(image, map));
  Json json = {
      {"schema", "cistern.pools/1"},
      {"complete", std::all_of(result.image_pools.begin(), result.image_pools.end(), is_complete)},
      {"incomplete_because", pool_reasons_json(result)},
      {"at", query.report.at.text.empty() ? "end" : query.report.at.text},
      {"images", std::move(images)},
  };
  add_figures(json, figures_of(result.image_pools));
  json["mostly_free_arenas"] = result.pinning.arenas;
  json["mostly_free_bytes"] = result.pinning.arena_bytes;
  if (query.by) json["holders"] = holders_json(result, output);
  return json;
}

Json pin_json(const PinGroup& group) {
  Json classes = Json::array();
  for (size_t i = 0; i < kSizeClasses; ++i) {
    if (group.blocks_of_class[i] == 0) continue;
    classes.push_back({{"size", PoolTable::class_bytes(i)}, {"blocks", group.blocks_of_class[i]}});
  }
  return {
      {"arenas", group.exclusive_arenas},
      {"bytes_returned_if_freed", group.returned_bytes},
      {"blocks", group.blocks},
      {"bytes", group.bytes},
      {"shared_arenas", group.shared_arenas},
      {"bytes_returned_with_those_above", group.cumulative_returned_bytes},
      {"median_age_ns", group.median_age_ns},
      {"allocated_blocks", group.allocated_blocks},
      {"classes", std::move(classes)},
  };
}

}  // namespace

void pools_json(const PoolsResult& result, const PoolsQuery& query, const OutputOptions& output, bool map,
                const TextSink& write) {
  JsonListWriter writer(head_json(result, query, output, map), "pinned", write);
  StackJsonText stacks(result.tree, output.depth_or(0));
  const size_t top = output.top_or(0);
  std::string stack;
  for (size_t i = 0; i < result.pinning.groups.size() && i < top; ++i) {
    const PinGroup& group = result.pinning.groups[i];
    stack.clear();
    stacks.append(stack, group.stack);
    writer.add(pin_json(group), "stack", stack);
  }
  writer.finish();
}

}  // namespace cistern::analyzer
