"""Tests of the standard library's own suite that fail only in a recorded program, each with its reason.

By test file: the beginning of the test's name as the suite prints it, and the reason. A test that differs and is not
here is a fault. MOVED names files that are missing in a version because they have another name there.
"""

ALLOCATORS_NAME = "asks CPython's allocators for their name, by comparing them with its own; recorded they are hooks"

DIFFER = {
    "test_cmd_line": {
        "test_pythonmalloc": ALLOCATORS_NAME,
        "test_xdev": ALLOCATORS_NAME,
    },
    "test_subprocess": {
        "test_pass_fds_redirected": "counts the descriptors of a new interpreter, which has the profile's as well",
    },
    "test_sys": {
        "test_debugmallocstats": "pymalloc's figures are printed only while no hook is above pymalloc",
    },
}

# Tests that are left out on both sides, by the pattern that the suite's -i takes, because they may hang bare.
LEFT_OUT = {
    "test_socket": {"ThreadedVSOCKSocketStreamTest": "connects to the machine's host by vsock; some never answer"},
}

MOVED = set()


def reasons(name):
    return DIFFER.get(name, {})


def is_known(name, test):
    return any(test.startswith(known) for known in reasons(name))
