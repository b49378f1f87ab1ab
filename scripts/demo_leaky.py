"""A small service with two leaks and a cache that only looks like a leak. Recorded by scripts/demo.

  - Sessions.open keeps every session forever: nothing calls close.
  - greeting asks the C library for a copy of a text and loses the pointer.
  - Templates.render fills a cache of 64 templates, which is healthy because it stops growing.
"""
import ctypes
import os

REQUESTS = int(os.environ.get("REQUESTS", 5000))

libc = ctypes.CDLL(None)
libc.strdup.argtypes = [ctypes.c_char_p]
libc.strdup.restype = ctypes.c_char_p  # the bug: the copy's address is converted to bytes and lost


class Session:
    def __init__(self, user):
        self.user = user
        self.buffer = bytearray(1024)


class Sessions:
    def __init__(self):
        self.by_user = {}

    def open(self, user):
        self.by_user[user] = Session(user)
        return self.by_user[user]

    def close(self, user):
        del self.by_user[user]


class Templates:
    def __init__(self):
        self.cache = {}

    def render(self, name, session):
        if name not in self.cache:
            self.cache[name] = "<p>" + name * 100 + "%s</p>"
        return self.cache[name] % session.user


def greeting(user):
    return libc.strdup(b"Good morning, user %d. You have no messages." % user)


sessions = Sessions()
templates = Templates()


def handle(number):
    session = sessions.open(number)
    page = templates.render("page-%d" % (number % 64), session)
    return greeting(number) + page.encode()


def main():
    answered = sum(1 for number in range(REQUESTS) if handle(number))
    print("%d requests answered" % answered)


if __name__ == "__main__":
    main()
