#include "preload/recorder/child_environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "preload/recorder/image_files.h"

namespace cistern::preload {
namespace {

// Changes that cannot be undone are made in child processes.
class Environment : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "fast"); }
};

ImageIdentity image() {
  ImageIdentity identity{};
  identity.pid = 4711;
  identity.start_ticks = 99;
  identity.start_unix_ns = 1'700'000'000'123'456'789;
  identity.number = 2;
  return identity;
}

PathText first_profile() {
  PathText path;
  path.add("/tmp/with space:and colon.cistern");
  return path;
}

using Variables = std::vector<std::string>;

// The environment of a child that is started with `variables`.
Variables given_to_child(Variables variables) {
  std::vector<char*> pointers;
  for (std::string& variable : variables) pointers.push_back(variable.data());
  pointers.push_back(nullptr);
  const size_t bytes = child_environment_bytes(pointers.data());
  std::vector<char*> memory(bytes / sizeof(char*) + 1);
  char* const* given = bytes == 0 ? pointers.data() : child_environment(pointers.data(), memory.data());
  Variables found;
  for (; *given != nullptr; ++given) found.emplace_back(*given);
  return found;
}

Variables environment_now() {
  Variables found;
  for (char** at = environ; *at != nullptr; ++at) found.emplace_back(*at);
  return found;
}

TEST_F(Environment, IsUnchangedBeforeRecordingStarts) {
  const Variables variables = {"LD_PRELOAD=/opt/libcistern_preload.so", "CISTERN_SESSION=1:2:3:4:5:/old"};
  EXPECT_EXIT(exit(given_to_child(variables) == variables ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST_F(Environment, NamesTheImageThatStartedTheProgram) {
  begin_environment();
  char** const array = environ;
  export_session(image(), 3, first_profile());
  EXPECT_EQ(environ, array);
  const Session session = read_session(getenv(kSessionVariable));
  EXPECT_TRUE(session.found);
  EXPECT_EQ(session.parent.pid, 4711u);
  EXPECT_EQ(session.parent.start_ticks, 99u);
  EXPECT_EQ(session.parent.start_unix_ns, image().start_unix_ns);
  EXPECT_EQ(session.parent.number, 2u);
  EXPECT_EQ(session.generation, 3u);
  EXPECT_EQ(session.first_profile, first_profile().view());
  EXPECT_FALSE(read_session("").found);
  EXPECT_FALSE(read_session("rubbish").found);
  EXPECT_FALSE(read_session("1:2:3:4:5:relative").found);
}

TEST_F(Environment, GetsTheSessionOfThisImageWhenTheProgramPassesItsOwn) {
  begin_environment();
  export_session(image(), 3, first_profile());
  const std::string session = std::string("CISTERN_SESSION=") + getenv("CISTERN_SESSION");
  const std::string preload = "LD_PRELOAD=/lib/other.so:/opt/libcistern_preload.so";
  EXPECT_EQ(given_to_child({preload, "CISTERN_SESSION=1:2:3:4:5:/old", "A=b"}), (Variables{preload, "A=b", session}));
  EXPECT_EQ(given_to_child({"A=b", preload}), (Variables{"A=b", preload, session}));
  EXPECT_EQ(given_to_child({"LD_PRELOAD=/lib/other.so", "A=b"}), (Variables{"LD_PRELOAD=/lib/other.so", "A=b"}));
  EXPECT_EQ(given_to_child({session, preload}), (Variables{session, preload}));
  EXPECT_EQ(child_environment_bytes(environ), 0u);
  EXPECT_EQ(child_environment_bytes(nullptr), 0u);
}

void set_and_withdraw(const char* preload) {
  setenv("LD_PRELOAD", preload, 1);
  setenv("CISTERN_OPTIONS", "follow=none", 1);
  setenv("CISTERN_RUN", "/tmp/run", 1);
  setenv("CISTERN_SESSION", "1:2:3:4:5:/old", 1);
  setenv("CISTERN_OPTIONSX", "not ours", 1);
  setenv("LAST", "one", 1);
  begin_environment();
  withdraw_from_environment(true);
}

bool no_variable_of_cistern(const Variables& variables) {
  for (const std::string& variable : variables) {
    for (const char* ours : {"CISTERN_OPTIONS=", "CISTERN_RUN=", "CISTERN_SESSION=", "cistern_preload"}) {
      if (variable.find(ours) != std::string::npos) return false;
    }
  }
  return true;
}

int other_variables_stay() {
  set_and_withdraw("/lib/a.so /opt/libcistern_preload.so:/lib/b.so:./libcistern_preload_checked.so");
  const char* const others = getenv("CISTERN_OPTIONSX");
  if (!no_variable_of_cistern(environment_now())) return 1;
  if (std::string(getenv("LD_PRELOAD")) != "/lib/a.so:/lib/b.so") return 2;
  if (others == nullptr || std::string(others) != "not ours" || getenv("LAST") == nullptr) return 3;
  setenv("LD_PRELOAD", "anew", 1);
  return std::string(getenv("LD_PRELOAD")) == "anew" ? 0 : 4;
}

int left_alone() {
  set_and_withdraw("/opt/libcistern_preload.so");
  if (getenv("LD_PRELOAD") != nullptr) return 1;
  const Variables given = given_to_child({"A=b", "LD_PRELOAD=/opt/libcistern_preload.so:/lib/a.so", "CISTERN_RUN=x"});
  if (given != Variables{"A=b", "LD_PRELOAD=/lib/a.so"}) return 2;
  return child_environment_bytes(environ) == 0 ? 0 : 3;
}

// As bash does: its environment is an array of its own, with strings of its own.
int programs_array_is_never_written() {
  begin_environment();
  std::string session = "CISTERN_SESSION=1:2:3:4:5:/old";
  std::string preload = "LD_PRELOAD=/opt/libcistern_preload.so";
  char* const mine[] = {session.data(), preload.data(), nullptr};
  char* array[] = {mine[0], mine[1], nullptr};
  environ = array;
  export_session(image(), 3, first_profile());
  if (environ != array || !std::equal(std::begin(mine), std::end(mine), array)) return 1;
  if (session != "CISTERN_SESSION=1:2:3:4:5:/old") return 2;
  withdraw_from_environment(false);
  if (environ != array || !std::equal(std::begin(mine), std::end(mine), array)) return 3;
  return given_to_child({session, preload, "A=b"}) == Variables{"A=b"} ? 0 : 4;
}

TEST_F(Environment, OfTheProgramIsNeverWritten) {
  EXPECT_EXIT(exit(programs_array_is_never_written()), testing::ExitedWithCode(0), "");
}

TEST_F(Environment, HasNoVariableOfCisternAfterWithdrawal) {
  EXPECT_EXIT(exit(other_variables_stay()), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(exit(left_alone()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace cistern::preload
