// Runs a program below a seccomp filter that answers some system calls with an error: what file systems without
// fallocate or shared mappings do, exceeded quotas and failing disks.
// Usage: deny_calls RULE... -- PROGRAM ARGUMENTS...
//     fallocate=EOPNOTSUPP       every call
//     pwrite64=EDQUOT@100000     calls with an offset from that byte on (the fourth argument)
//     shared-mmap=ENODEV         mmap of a file, shared and writable
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

const std::map<std::string, int> kCalls = {{"fallocate", SYS_fallocate},
                                           {"pwrite64", SYS_pwrite64},
                                           {"ftruncate", SYS_ftruncate},
                                           {"shared-mmap", SYS_mmap},
                                           {"fchmod", SYS_fchmod},
                                           {"membarrier", SYS_membarrier},
                                           {"process_vm_readv", SYS_process_vm_readv}};
const std::map<std::string, int> kErrors = {{"EOPNOTSUPP", EOPNOTSUPP}, {"EDQUOT", EDQUOT}, {"EIO", EIO},
                                            {"ENODEV", ENODEV},         {"EPERM", EPERM},   {"ENOSYS", ENOSYS}};

constexpr uint32_t kNumberAt = offsetof(seccomp_data, nr);
constexpr uint32_t argument_at(uint32_t index) {
  return static_cast<uint32_t>(offsetof(seccomp_data, args) + 8 * index);  // its low half
}

using Filter = std::vector<sock_filter>;

void load(Filter& filter, uint32_t offset) {
  filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

// Goes on with the next instruction if `jump` (BPF_JEQ, BPF_JGE) holds for `value`, else skips `count` of them.
void unless(Filter& filter, uint16_t jump, uint32_t value, size_t count) {
  filter.push_back(BPF_JUMP(static_cast<uint16_t>(BPF_JMP | jump | BPF_K), value, 0, static_cast<uint8_t>(count)));
}

// Whether the arguments are those that the rule is about: instructions that end with a jump to behind the answer.
Filter condition(const std::string& call, const std::string& from_offset) {
  Filter test;
  if (!from_offset.empty()) {
    load(test, argument_at(3));
    unless(test, BPF_JGE, static_cast<uint32_t>(std::stoul(from_offset)), 1);
  }
  if (call == "shared-mmap") {
    load(test, argument_at(3));
    test.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, MAP_SHARED | MAP_ANONYMOUS));
    unless(test, BPF_JEQ, MAP_SHARED, 4);
    load(test, argument_at(2));
    test.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_WRITE));
    unless(test, BPF_JEQ, PROT_WRITE, 1);
  }
  return test;
}

bool add_rule(Filter& filter, const std::string& rule) {
  const size_t equals = rule.find('=');
  const size_t at = rule.find('@');
  if (equals == std::string::npos) return false;
  const std::string call = rule.substr(0, equals);
  const auto number = kCalls.find(call);
  const auto error = kErrors.find(rule.substr(equals + 1, at == std::string::npos ? at : at - equals - 1));
  if (number == kCalls.end() || error == kErrors.end()) return false;
  const Filter test = condition(call, at == std::string::npos ? "" : rule.substr(at + 1));
  load(filter, kNumberAt);
  unless(filter, BPF_JEQ, static_cast<uint32_t>(number->second), test.size() + 1);
  filter.insert(filter.end(), test.begin(), test.end());
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error->second)));
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  Filter filter;
  int at = 1;
  for (; at < count && std::string(arguments[at]) != "--"; ++at) {
    if (!add_rule(filter, arguments[at])) return std::fprintf(stderr, "deny_calls: %s?\n", arguments[at]), 2;
  }
  if (at + 1 >= count) return 2;
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::perror("deny_calls");
    return 3;
  }
  execv(arguments[at + 1], arguments + at + 1);
  std::perror(arguments[at + 1]);
  return 127;
}
