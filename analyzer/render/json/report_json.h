// What the reports' JSON has in common. Raw numbers only: bytes, nanoseconds, counts. Texts that are no UTF-8 have
// their broken bytes replaced.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

using Json = nlohmann::ordered_json;

Json image_json(const ImageFacts& facts);
Json images_json(const std::vector<ImageFacts>& images);
bool all_complete(const std::vector<ImageFacts>& images);

// {"function","file","line","module","native"}; what is unknown is null. Where a thread was started, an object with all
// of them null and "boundary":"thread". A frame that awaits the next one's task has "awaiting":true.
Json frame_json(const Frame& frame);
// Innermost first, at most `depth` frames.
Json stack_json(const CallTree& tree, NodeId node, size_t depth);

// Stacks as JSON text, for reports with many of them: a frame's text is made once, and no tree of values is built.
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

// Writes an object with a long list in it to standard output, piece by piece: `head`, and behind it the list `name`.
// Memory: one buffer, whatever the length of the list.
class JsonListWriter {
 public:
  JsonListWriter(const Json& head, const std::string& name);

  // `element` is an object; a last member with `value`, JSON text, is added to it.
  void add(const Json& element, const std::string& member, const std::string& value);
  void finish();

 private:
  std::string buffer_;
  bool first_ = true;
};

// One line, and a newline.
std::string json_text(const Json& json);

}  // namespace cistern::analyzer
