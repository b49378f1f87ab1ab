// A hook for functions that read their return address to learn who calls them, as dlopen does to find the RUNPATH that
// applies (glibc, elf/dl-open.c). Such a hook must not call the function: it sets a flag and jumps.
#pragma once

// Defines the exported function `name`: it stores 1 to the byte `flag` and jumps to the address that the variable
// `target` holds. Arguments, registers and the stack are as the caller left them. Used at namespace scope.
// clang-format off
#define CISTERN_SET_FLAG_AND_JUMP(name, flag, target) \
  asm(".pushsection .text\n"                          \
      ".globl " #name "\n"                            \
      ".type " #name ", @function\n"                  \
      #name ":\n"                                     \
      ".cfi_startproc\n"                              \
      "endbr64\n"                                     \
      "movb $1, " #flag "(%rip)\n"                    \
      "jmp *" #target "(%rip)\n"                      \
      ".cfi_endproc\n"                                \
      ".size " #name ", .-" #name "\n"                \
      ".popsection\n")
// clang-format on
