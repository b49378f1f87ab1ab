// JSON that the reports share. Numbers are raw: bytes, nanoseconds, counts. Invalid UTF-8 in texts is replaced.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/model/missing_data.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

using Json = nlohmann::ordered_json;
// Takes the next piece of a text.
using TextSink = std::function<void(std::string_view)>;

Json image_json(const ImageFacts& facts);
Json images_json(const std::vector<ImageFacts>& images);

// Why profiles are incomplete, one sentence each: the member "incomplete_because" of every report.
Json reasons_json(const std::vector<MissingData>& missing);
Json reasons_json(const std::vector<ImageFacts>& images);

// {"function","file","line","module","native"}; unknown members are null. The place where a thread was started has all
// of them null, and "boundary":"thread". A frame that awaits the task of the next one has "awaiting":true.
Json frame_json(const Frame& frame);
// Innermost first, at most `depth` frames.
Json stack_json(const CallTree& tree, NodeId node, size_t depth);

// Stacks as JSON text, for reports with many of them: the text of a frame is made once and no tree of values is built.
class StackJsonText {
 public:
  // `tree` outlives this.
  StackJsonText(const CallTree& tree, size_t depth) : tree_(tree), depth_(depth), frames_(tree.frames()) {}

  // Appends the array.
  void append(std::string& out, NodeId node);

 private:
  const CallTree& tree_;
  size_t depth_;
  std::vector<std::string> frames_;  // by FrameId
};

// Writes an object that ends with a long list, piece by piece: the members of `head`, then the list `name`. Memory: one
// buffer, whatever the length of the list.
class JsonListWriter {
 public:
  // `write` outlives this.
  JsonListWriter(const Json& head, const std::string& name, const TextSink& write);

  // Adds `element`, an object, to the list, with one more member whose value is the JSON text `value`.
  void add(const Json& element, const std::string& member, const std::string& value);
  void finish();

 private:
  const TextSink& write_;
  std::string buffer_;
  bool first_ = true;
};

// One line, and a newline.
std::string json_text(const Json& json);

}  // namespace cistern::analyzer
