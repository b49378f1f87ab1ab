"""Tests of the standard library's own suite that tell a recorded program from a bare one, each with its reason.

By test file: the beginning of the test's name as the suite prints it, and the reason. A test that differs and is not
here is a fault. NETWORK names files that need a network even though they do not ask for it as a resource.
"""

DIFFER = {
}

NETWORK = {
}


def reasons(name):
    return DIFFER.get(name, {})


def is_known(name, test):
    return any(test.startswith(known) for known in reasons(name))
MOVED = set()
