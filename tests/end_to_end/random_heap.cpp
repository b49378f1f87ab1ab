// Random calls of the malloc and mmap families in several threads, against a model: which blocks live, at which
// address, of which size. Blocks are handed from thread to thread, freed where they were not made, and their addresses
// come back quickly.
//
//   random_heap SEED THREADS STEPS MODEL return|_exit
//
// At each barrier the program stands still, names the moment by cistern_mark() and notes the model; at the end it
// writes all notes to the file MODEL, as lines
//     mark NAME allocations frees reallocations    (totals since "begin")
//     block ADDRESS SIZE                            (blocks that live at the mark)
//     range START END                               (mapped pages that live at the mark)
// The model lies in memory that system calls gave directly, so that it is no part of what is modelled.
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cistern/cistern.h"
#include "tests/end_to_end/system_memory.h"

namespace {

using cistern_test::system_map;

constexpr int kMaxThreads = 8;
constexpr int kBlocksOfThread = 400;
constexpr int kRangesOfThread = 40;
constexpr int kHandOverSlots = 64;
constexpr int kMarks = 4;
constexpr uint64_t kPage = 4096;

struct Block {
  uint64_t address;
  uint64_t size;
};

struct Counts {
  uint64_t allocations;
  uint64_t frees;
  uint64_t reallocations;
};

// xorshift64*: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Du;
  }
  uint64_t below(uint64_t bound) { return next() % bound; }

 private:
  uint64_t state_;
};

struct Worker {
  pthread_t thread;
  uint64_t seed;
  Counts counts;
  int blocks;
  int ranges;
  Block block[kBlocksOfThread];
  Block range[kRangesOfThread];  // address and size, whole pages
};

struct Shared {
  Worker worker[kMaxThreads];
  // A block on its way from one thread to another: 0, or the index of an entry in `parcel` plus 1.
  std::atomic<uint32_t> slot[kHandOverSlots];
  Block parcel[kHandOverSlots];
  pthread_barrier_t barrier;
  int threads;
  uint64_t steps;
};

Shared* shared;
void* volatile escape;  // keeps the compiler from dropping pairs of malloc and free

uint64_t random_size(Random& random) {
  switch (random.below(8)) {
    case 0:
      return random.below(4);  // malloc(0) is a block
    case 1:
      return 2000 + random.below(30000);
    case 2:
      return random.below(20) == 0 ? 200000 + random.below(400000) : random.below(100);  // glibc maps the large
    default:
      return random.below(300);
  }
}

void* allocate(Random& random, uint64_t size) {
  const uint64_t alignment = uint64_t{16} << random.below(8);
  void* block = nullptr;
  switch (random.below(9)) {
    case 0:
      return calloc(1, size);
    case 1:
      return memalign(alignment, size);
    case 2:
      return aligned_alloc(alignment, size);
    case 3:
      return posix_memalign(&block, alignment, size) == 0 ? block : nullptr;
    case 4:
      return random.below(8) == 0 ? valloc(size) : malloc(size);
    case 5:
      return realloc(nullptr, size);
    case 6:
      return reallocarray(nullptr, 1, size);
    default:
      return malloc(size);
  }
}

void make_block(Worker& self, Random& random) {
  if (self.blocks == kBlocksOfThread) return;
  const uint64_t size = random_size(random);
  void* const block = allocate(random, size);
  if (block == nullptr) abort();
  escape = block;
  if (size > 0) memset(block, 0x5A, size < 64 ? size : 64);
  self.block[self.blocks++] = {reinterpret_cast<uint64_t>(block), size};
  ++self.counts.allocations;
}

// pvalloc rounds its size up, but the size that was asked for is the block's.
void make_page_block(Worker& self, Random& random) {
  if (self.blocks == kBlocksOfThread) return;
  const uint64_t size = 1 + random.below(3 * kPage);
  void* const block = pvalloc(size);
  if (block == nullptr) abort();
  self.block[self.blocks++] = {reinterpret_cast<uint64_t>(block), size};
  ++self.counts.allocations;
}

void forget(Worker& self, int index) {
  self.block[index] = self.block[--self.blocks];
}

void free_block(Worker& self, Random& random) {
  if (self.blocks == 0) return;
  const int index = static_cast<int>(random.below(static_cast<uint64_t>(self.blocks)));
  void* const block = reinterpret_cast<void*>(self.block[index].address);
  if (random.below(16) == 0) {
    if (realloc(block, 0) != nullptr) abort();  // glibc frees
  } else {
    free(block);
  }
  ++self.counts.frees;
  forget(self, index);
}

void resize_block(Worker& self, Random& random) {
  if (self.blocks == 0) return;
  Block& block = self.block[random.below(static_cast<uint64_t>(self.blocks))];
  const uint64_t size = 1 + random_size(random);
  void* const moved = random.below(2) == 0 ? realloc(reinterpret_cast<void*>(block.address), size)
                                           : reallocarray(reinterpret_cast<void*>(block.address), size, 1);
  if (moved == nullptr) abort();
  block = {reinterpret_cast<uint64_t>(moved), size};
  ++self.counts.reallocations;
}

// Calls that must fail and must leave everything as it is.
void fail(Worker& self, Random& random) {
  void* block = nullptr;
  const volatile uint64_t huge = UINT64_MAX / 2;
  switch (random.below(5)) {
    case 0:
      block = malloc(huge);
      break;
    case 1:
      block = calloc(huge, 4);
      break;
    case 2:
      if (posix_memalign(&block, 3, 8) == 0) abort();
      break;
    case 3:
      block = reallocarray(nullptr, huge, 3);
      break;
    default:
      if (self.blocks > 0) block = realloc(reinterpret_cast<void*>(self.block[0].address), huge);
  }
  if (block != nullptr) abort();
  free(nullptr);
}

// Puts a block where any thread may take it, and takes what was there. Between the two exchanges nobody else looks at
// the slot's parcel: 1 says that it is full, 2 that somebody is at it.
void hand_over(Worker& self, Random& random) {
  const uint64_t at = random.below(kHandOverSlots);
  std::atomic<uint32_t>& slot = shared->slot[at];
  uint32_t state = slot.load(std::memory_order_relaxed);
  if (state == 2 || !slot.compare_exchange_strong(state, 2, std::memory_order_acquire)) return;
  uint32_t left = state;
  if (state == 1 && self.blocks < kBlocksOfThread) {
    self.block[self.blocks++] = shared->parcel[at];
    left = 0;
  } else if (state == 0 && self.blocks > 0) {
    const int index = static_cast<int>(random.below(static_cast<uint64_t>(self.blocks)));
    shared->parcel[at] = self.block[index];
    forget(self, index);
    left = 1;
  }
  slot.store(left, std::memory_order_release);
  // What was just received is freed at once, as often as not: its address comes back in this thread.
  if (state == 1 && left == 0 && random.below(2) == 0) {
    free(reinterpret_cast<void*>(self.block[--self.blocks].address));
    ++self.counts.frees;
  }
}

void make_range(Worker& self, Random& random) {
  if (self.ranges == kRangesOfThread) return;
  const uint64_t size = kPage * (1 + random.below(12));
  void* const start = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) abort();
  self.range[self.ranges++] = {reinterpret_cast<uint64_t>(start), size};
}

// Unmaps the head, the tail, the middle or all of a range.
void cut_range(Worker& self, Random& random) {
  if (self.ranges == 0) return;
  const int index = static_cast<int>(random.below(static_cast<uint64_t>(self.ranges)));
  const Block whole = self.range[index];
  const uint64_t pages = whole.size / kPage;
  const uint64_t first = random.below(pages), count = 1 + random.below(pages - first);
  const uint64_t start = whole.address + first * kPage, end = start + count * kPage;
  if (count < pages && first > 0 && first + count < pages && self.ranges == kRangesOfThread) return;
  if (munmap(reinterpret_cast<void*>(start), count * kPage) != 0) abort();
  self.range[index] = self.range[--self.ranges];
  if (start > whole.address) self.range[self.ranges++] = {whole.address, start - whole.address};
  if (end < whole.address + whole.size) self.range[self.ranges++] = {end, whole.address + whole.size - end};
}

void move_range(Worker& self, Random& random) {
  if (self.ranges == 0) return;
  Block& range = self.range[random.below(static_cast<uint64_t>(self.ranges))];
  const uint64_t size = kPage * (1 + random.below(24));
  void* const moved = mremap(reinterpret_cast<void*>(range.address), range.size, size, MREMAP_MAYMOVE);
  if (moved == MAP_FAILED) return;  // pages mapped over it made it two mappings: nothing has changed
  range = {reinterpret_cast<uint64_t>(moved), size};
}

// Maps a new page over a part of a range, which changes nothing in what lives.
void map_over(Worker& self, Random& random) {
  if (self.ranges == 0) return;
  const Block& range = self.range[random.below(static_cast<uint64_t>(self.ranges))];
  void* const start = reinterpret_cast<void*>(range.address);
  if (mmap(start, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != start) abort();
}

void step(Worker& self, Random& random) {
  const uint64_t choice = random.below(100);
  if (choice < 34) return make_block(self, random);
  if (choice < 62) return free_block(self, random);
  if (choice < 74) return resize_block(self, random);
  if (choice < 90) return hand_over(self, random);
  if (choice < 92) return make_page_block(self, random);
  if (choice < 94) return fail(self, random);
  if (choice < 96) return make_range(self, random);
  if (choice < 98) return cut_range(self, random);
  if (choice < 99) return move_range(self, random);
  map_over(self, random);
}

void* work(void* argument) {
  Worker& self = *static_cast<Worker*>(argument);
  Random random(self.seed);
  for (int mark = 0; mark < kMarks; ++mark) {
    pthread_barrier_wait(&shared->barrier);  // the main thread has named the moment
    for (uint64_t i = 0; i < shared->steps; ++i) step(self, random);
    pthread_barrier_wait(&shared->barrier);  // all stand still
  }
  pthread_barrier_wait(&shared->barrier);
  return nullptr;
}

class Notes {
 public:
  void mark(const char* name) {
    Counts sum{};
    for (int i = 0; i < shared->threads; ++i) {
      sum.allocations += shared->worker[i].counts.allocations;
      sum.frees += shared->worker[i].counts.frees;
      sum.reallocations += shared->worker[i].counts.reallocations;
    }
    line("mark %s %llu %llu %llu\n", name, number(sum.allocations), number(sum.frees), number(sum.reallocations));
    for (int i = 0; i < shared->threads; ++i) {
      const Worker& worker = shared->worker[i];
      for (int k = 0; k < worker.blocks; ++k) entry("block", worker.block[k].address, worker.block[k].size);
      for (int k = 0; k < worker.ranges; ++k) {
        entry("range", worker.range[k].address, worker.range[k].address + worker.range[k].size);
      }
    }
    for (int i = 0; i < kHandOverSlots; ++i) {
      if (shared->slot[i] == 1) entry("block", shared->parcel[i].address, shared->parcel[i].size);
    }
  }

  void write(const char* path) const {
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (uint64_t done = 0; done < used_;) {
      const ssize_t written = ::write(file, text_ + done, used_ - done);
      if (written <= 0) abort();
      done += static_cast<uint64_t>(written);
    }
    close(file);
  }

 private:
  static unsigned long long number(uint64_t value) { return value; }
  template <typename... Parts>
  void line(const char* format, Parts... parts) {
    const int size = snprintf(text_ + used_, kRoom - used_, format, parts...);
    if (size < 0 || static_cast<uint64_t>(size) >= kRoom - used_) abort();
    used_ += static_cast<uint64_t>(size);
  }
  void entry(const char* kind, uint64_t first, uint64_t second) {
    line("%s %llu %llu\n", kind, number(first), number(second));
  }

  static constexpr uint64_t kRoom = 16 << 20;
  char* text_ = static_cast<char*>(system_map(kRoom));
  uint64_t used_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  shared = static_cast<Shared*>(system_map(sizeof(Shared)));
  shared->threads = atoi(argv[2]);
  shared->steps = strtoull(argv[3], nullptr, 10);
  if (shared->threads < 1 || shared->threads > kMaxThreads) return 2;
  pthread_barrier_init(&shared->barrier, nullptr, static_cast<unsigned>(shared->threads) + 1);
  for (int i = 0; i < shared->threads; ++i) {
    Worker& worker = shared->worker[i];
    worker.seed = strtoull(argv[1], nullptr, 10) * 1000 + static_cast<uint64_t>(i);
    if (pthread_create(&worker.thread, nullptr, work, &worker) != 0) return 1;
  }
  Notes notes;
  for (int mark = 0; mark <= kMarks; ++mark) {
    char name[16];
    snprintf(name, sizeof name, mark == 0 ? "begin" : "m%d", mark);
    cistern_mark(name);
    notes.mark(name);
    pthread_barrier_wait(&shared->barrier);
    if (mark < kMarks) pthread_barrier_wait(&shared->barrier);
  }
  for (int i = 0; i < shared->threads; ++i) pthread_join(shared->worker[i].thread, nullptr);
  notes.write(argv[4]);
  if (strcmp(argv[5], "_exit") == 0) _exit(0);
  return 0;
}
