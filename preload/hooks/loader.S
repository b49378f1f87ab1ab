# dlopen and dlclose. dlopen reads its caller's return address to find the RUNPATH that applies, so a hook must not call it:
# these stubs set a flag and jump. Whoever sees the flag looks at the module list later.

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

        .globl  dlclose
        .type   dlclose, @function
dlclose:
        .cfi_startproc
        endbr64
        movb    $1, cistern_loader_called(%rip)
        jmp     *cistern_real_dlclose(%rip)
        .cfi_endproc
        .size   dlclose, .-dlclose
#else
#error "cistern: this architecture has no stubs in preload/hooks/loader.S yet"
#endif

        .section .note.GNU-stack,"",@progbits
