// Holds the loader's lock for as long as the program wants: a thread stays in a callback of dl_iterate_phdr().
#include <link.h>
#include <pthread.h>
#include <semaphore.h>

#include <cstddef>

namespace {

sem_t g_held;
sem_t g_released;

int wait_in_callback(dl_phdr_info*, std::size_t, void*) {
  sem_post(&g_held);
  while (sem_wait(&g_released) != 0) {
  }
  return 1;
}

void* hold(void*) {
  dl_iterate_phdr(wait_in_callback, nullptr);
  return nullptr;
}

}  // namespace

// Returns when another thread holds the lock.
extern "C" void hold_loader_lock() {
  sem_init(&g_held, 0, 0);
  sem_init(&g_released, 0, 0);
  pthread_t thread;
  if (pthread_create(&thread, nullptr, hold, nullptr) != 0) return;
  pthread_detach(thread);
  while (sem_wait(&g_held) != 0) {
  }
}

extern "C" void release_loader_lock() {
  sem_post(&g_released);
}
