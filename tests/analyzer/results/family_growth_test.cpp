#include "analyzer/results/family_growth.h"

#include <gtest/gtest.h>

#include "analyzer/render/json/family_json.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/text/family_text.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

Frame frame(std::string_view function, std::string_view file, uint32_t line) {
  Frame made;
  made.kind = FrameKind::kPython;
  made.function = function;
  made.file = file;
  made.line = line;
  return made;
}

// main → work → a function of the standard library.
struct Stacks {
  CallTree tree;
  NodeId main = tree.child(kRootNode, tree.intern(frame("main", "/srv/app.py", 3)));
  NodeId work = tree.child(main, tree.intern(frame("work", "/srv/app.py", 9)));
  NodeId other = tree.child(kRootNode, tree.intern(frame("work", "/srv/app.py", 9)));
  NodeId library = tree.child(work, tree.intern(frame("dumps", "/usr/lib/python3.11/json/__init__.py", 231)));
};

Image child_of(uint32_t parent, bool installed = false, uint64_t reinstalls = 0) {
  Image image;
  image.header.image.pid = 4720;
  image.header.parent.pid = parent;
  if (installed) image.process_events.installs.emplace_back();
  image.process_events.counters[static_cast<size_t>(Counter::kReinstalls)] = reinstalls;
  return image;
}

TEST(ImageOrigin, DistinguishesForkExecAndStart) {
  EXPECT_EQ(origin_of(child_of(0)), ImageOrigin::kFirst);
  EXPECT_EQ(origin_of(child_of(4711)), ImageOrigin::kForked);
  EXPECT_EQ(origin_of(child_of(4711, true)), ImageOrigin::kStarted);
  EXPECT_EQ(origin_of(child_of(4711, true, 1)), ImageOrigin::kForked);  // its hooks were put back once
  EXPECT_EQ(origin_of(child_of(4720, true)), ImageOrigin::kExec);
}

TEST(FamilyGrowth, IsSummedByLineOfTheProgramsOwnCode) {
  const Stacks stacks;
  LineGrowth growth(stacks.tree);
  growth.add(stacks.main, {5000, 2});
  growth.add(stacks.library, {3000, 3});
  growth.add(stacks.other, {2500, 1});
  growth.add(stacks.work, {0, 0});
  growth.add(kRootNode, {100'000, 1});
  const ImageGrowth result = growth.result(child_of(4711));
  EXPECT_EQ(result.grown, (Amount{110'500, 7}));
  ASSERT_TRUE(result.line);
  EXPECT_EQ(stacks.tree.frame(*result.line).line, 9u);
  EXPECT_EQ(result.at_line, (Amount{5500, 4}));
  EXPECT_FALSE(LineGrowth(stacks.tree).result(child_of(4711)).line);
}

TEST(FamilyGrowth, ShowsChildrenWithMostGrowthFirst) {
  const Stacks stacks;
  const FrameId line = stacks.tree.frame_id(stacks.work);
  std::vector<ImageFacts> images(4);
  for (size_t i = 0; i < images.size(); ++i) {
    images[i].pid = static_cast<uint32_t>(4711 + i);
    images[i].ended_by = "_exit";
    if (i != 0) images[i].parent_pid = 4711;
  }
  images[1].exit_code = 0;
  images[2].ended_by = "unknown";
  const std::vector<ImageGrowth> growth = {{ImageOrigin::kFirst, {9'000'000, 9}, line, {9'000'000, 9}},
                                           {ImageOrigin::kForked, {12'000, 40}, line, {10'000, 30}},
                                           {ImageOrigin::kForked, {1'600'000, 80}, line, {1'600'000, 80}},
                                           {ImageOrigin::kStarted, {0, 0}, {}, {0, 0}}};
  PathNames names;
  names.add("/srv/app.py");
  const Terminal terminal;
  const StackText text(stacks.tree, names, terminal, 1);
  EXPECT_EQ(family_text(images, growth, stacks.tree, text, 80, 2),
            "  4713     fork of 4711     1.6 MB       80   killed?  app.py:9\n"
            "  4712     fork of 4711    12.0 kB       40   _exit 0  app.py:9\n"
            "  … 1 more\n");
  const Json json = family_json(images, growth, stacks.tree);
  EXPECT_EQ(json[1]["grown_bytes"], 12'000);
  EXPECT_EQ(json[1]["line"]["line"], 9);
  EXPECT_EQ(json[3]["origin"], "start");
  EXPECT_TRUE(json[3]["line"].is_null());
}

}  // namespace
}  // namespace cistern::analyzer
