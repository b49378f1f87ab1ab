// Threads that free and allocate blocks of random sizes in random order: the workload without Python. Also a library,
// for profilers that see only what Python calls.
//
//   storm THREADS STEPS LIVE     a step is one free and one malloc; steps and live blocks are shared out among the
//   threads

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

// Two threads share neither a cache line nor neighbouring ones.
class alignas(128) Storm {
 public:
  Storm(std::uint64_t seed, std::size_t live) : state_(seed), blocks_(live) {}

  void run(std::uint64_t steps) {
    for (std::uint64_t step = 0; step < steps; ++step) replace();
    for (unsigned char* block : blocks_) std::free(block);
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  void replace() {
    const std::uint64_t random = next();
    unsigned char*& block = blocks_[static_cast<std::size_t>(random >> 32) % blocks_.size()];
    const std::size_t size = 16 + random % 240;
    std::free(block);
    block = static_cast<unsigned char*>(std::malloc(size));
    block[0] = static_cast<unsigned char>(random);
    bytes_ += size;
  }

  std::uint64_t next() {  // xorshift64
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

  std::uint64_t state_;
  std::uint64_t bytes_ = 0;
  std::vector<unsigned char*> blocks_;
};

std::size_t share(std::uint64_t whole, std::uint64_t count) {
  return static_cast<std::size_t>(whole / count);
}

}  // namespace

// Returns the bytes that were allocated. With one thread that is the caller's.
extern "C" std::uint64_t bench_storm(std::uint64_t count, std::uint64_t steps, std::uint64_t live) {
  std::vector<Storm> storms;
  for (std::uint64_t number = 0; number < count; ++number) storms.emplace_back(number + 1, share(live, count));
  std::vector<std::thread> threads;
  for (std::size_t number = 1; number < storms.size(); ++number) {
    threads.emplace_back([&storms, steps, count, number] { storms[number].run(share(steps, count)); });
  }
  storms[0].run(share(steps, count));
  for (std::thread& thread : threads) thread.join();
  std::uint64_t bytes = 0;
  for (const Storm& storm : storms) bytes += storm.bytes();
  return bytes;
}

int main(int count, char** arguments) {
  if (count != 4) {
    std::fputs("usage: storm THREADS STEPS LIVE\n", stderr);
    return 2;
  }
  const auto number = [arguments](int index) { return std::strtoull(arguments[index], nullptr, 10); };
  std::printf("%llu\n", static_cast<unsigned long long>(bench_storm(number(1), number(2), number(3))));
  return 0;
}
