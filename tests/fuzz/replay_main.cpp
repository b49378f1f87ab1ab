// A replacement for libFuzzer, for compilers without it: runs a target with given inputs, then with random changes of
// them until the time is over. The changes are the same in every run. The current input is kept in a file, so that it
// is left behind when the target crashes.
//     TARGET [-seconds=N] [-seed=N] [-crash=PATH] FILE|DIRECTORY…
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

#pragma weak LLVMFuzzerCustomMutator

namespace {

constexpr size_t kMaxBytes = 1 << 16;
constexpr unsigned kSecondsForOne = 60;
std::minstd_rand g_random(1);

size_t below(size_t count) {
  return std::uniform_int_distribution<size_t>(0, count - 1)(g_random);
}

struct Request {
  std::chrono::seconds seconds{0};
  std::string crash = "crash-input";
  std::vector<std::string> inputs;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void add_inputs(const std::filesystem::path& path, std::vector<std::string>& inputs) {
  if (!std::filesystem::is_directory(path)) return inputs.push_back(read_file(path));
  std::vector<std::filesystem::path> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  for (const auto& name : names) inputs.push_back(read_file(name));
}

Request request_of(int argc, char** argv) {
  Request request;
  for (const std::string& argument : std::vector<std::string>(argv + 1, argv + argc)) {
    const std::string value = argument.substr(argument.find('=') + 1);
    if (argument.starts_with("-seconds=")) {
      request.seconds = std::chrono::seconds(std::stoul(value));
    } else if (argument.starts_with("-seed=")) {
      g_random.seed(static_cast<unsigned>(std::stoul(value)));
    } else if (argument.starts_with("-crash=")) {
      request.crash = value;
    } else {
      add_inputs(argument, request.inputs);
    }
  }
  return request;
}

void run_one(const std::string& input, const std::string& crash) {
  std::ofstream(crash, std::ios::binary).write(input.data(), static_cast<std::streamsize>(input.size()));
  const std::vector<uint8_t> exact(input.begin(), input.end());
  alarm(kSecondsForOne);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::string changed(const std::string& input) {
  std::string copy = input.substr(0, kMaxBytes);
  const size_t size = copy.size();
  copy.resize(kMaxBytes);
  auto* const data = reinterpret_cast<uint8_t*>(copy.data());
  const auto seed = static_cast<unsigned>(g_random());
  copy.resize(LLVMFuzzerCustomMutator != nullptr ? LLVMFuzzerCustomMutator(data, size, kMaxBytes, seed)
                                                 : LLVMFuzzerMutate(data, size, kMaxBytes));
  return copy;
}

}  // namespace

// One to four small changes: sets a byte, flips a bit, copies or removes a piece, or writes a border value.
size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) {
  std::string text(reinterpret_cast<char*>(data), size);
  for (size_t changes = below(4) + 1; changes > 0; --changes) {
    const size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 2:
        text.insert(at, text.substr(below(text.size() + 1), below(32)));
        break;
      case 3:
        text.erase(at, below(16));
        break;
      default: {
        constexpr uint64_t kNumbers[] = {0, UINT64_MAX, UINT32_MAX, INT64_MAX, uint64_t{1} << 63, 0x7f, 0x80, 262144};
        const uint64_t number = kNumbers[below(std::size(kNumbers))];
        const size_t bytes = size_t{1} << below(4);
        text.replace(at, bytes, reinterpret_cast<const char*>(&number), bytes);
      }
    }
  }
  text.resize(std::min(text.size(), max_size));
  std::memcpy(data, text.data(), text.size());
  return text.size();
}

int main(int argc, char** argv) {
  const Request request = request_of(argc, argv);
  if (request.inputs.empty()) {
    std::cerr << "no inputs\n";
    return 2;
  }
  for (const std::string& input : request.inputs) run_one(input, request.crash);
  const auto end = std::chrono::steady_clock::now() + request.seconds;
  uint64_t runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    run_one(changed(request.inputs[below(request.inputs.size())]), request.crash);
  }
  std::filesystem::remove(request.crash);
  std::cout << request.inputs.size() << " inputs replayed, " << runs << " changed ones\n";
  return 0;
}
