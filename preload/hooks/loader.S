# dlopen reads its caller's return address to find the RUNPATH that applies, so a hook must not call it: this stub sets a
# flag and jumps. Whoever sees the flag looks at the module list later.

#if defined(__x86_64__)
        .text
        .globl  dlopen
        .type   dlopen, @function
dlopen:
        .cfi_startproc
        endbr64
        movb    $1, cistern_loader_called(%rip)
        jmp     *cistern_real_dlopen(%rip)
        .cfi_endproc
        .size   dlopen, .-dlopen

#else
#error "cistern: this architecture has no stubs in preload/hooks/loader.S yet"
#endif

        .section .note.GNU-stack,"",@progbits
