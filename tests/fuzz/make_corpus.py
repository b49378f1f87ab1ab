#!/usr/bin/env python3
"""Makes the first inputs of the fuzz targets from the golden files and from texts.

Usage: make_corpus.py GOLDEN OUT [PROFILE…]    PROFILE: small real profiles, if there are any

What an input is: input_files.h.
"""

import pathlib
import struct
import sys

HEADER_PAGE = 4096
HEADER_BYTES = 128
SEGMENT_BYTES = 80
SLOTS = 16384
STRIDE = 256 * 1024
COMMANDS = 12  # of reports.cpp
VERBATIM = 16
LARGEST = 100_000

OPTIONS = [
    b"output=/tmp/%h.%p.%t.cistern force domains=malloc,mmap max-size=512MiB",
    b"output='a b.cistern' follow=all ring=spill start=off",
    b"output=\"unclosed",
    b"max-size=99999999999999999999T domains=, follow=",
]
SESSIONS = [b"4711:12345:1700000000000000000:1:0:/tmp/x.cistern", b"1:2:3:4:5:", b"99999999999999999999999:::::/", b":"]
SUPPRESSIONS = [
    b'[[suppress]]\nfunction = "Registry.add"\nfile = "*/plugins.py"\nreason = "lives on"\nexpires = 2027-01-31\n',
    b'[[suppress]]\nkind = "unknown"\nmodule = "_fast*.so"\nreason = "x"\n[[suppress]]\nreason = 1\n',
    b'suppress = [1, {reason = "a"}]\n',
]
LINES = [b"4711 12345 1 /tmp/x.cistern", b"1 2", b"99999999999 1 4294967296 x"]
MOMENTS = [b"end", b"1.5s", b"3m", b"request 1000 done:2", b"-1s", b"1e400s", b"nans"]
PATTERNS = [b"*a*[!b-d]?aXbcY", b"[[]*", b"***********a" + b"a" * 40]
TEXTS = ["é\u202e\x1b[2J\x9b".encode(), b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80"]


def segments(data):
    """(header, payload) of each segment in a profile."""
    at = HEADER_PAGE
    while at + SEGMENT_BYTES <= len(data):
        if data[at : at + 4] != b"CSEG":
            at += 64
            continue
        (header_bytes,) = struct.unpack_from("<H", data, at + 4)
        payload_bytes, _, _, _, room_bytes = struct.unpack_from("<IIIII", data, at + 48)
        begin = at + header_bytes
        yield data[at : at + SEGMENT_BYTES], data[begin : begin + payload_bytes]
        at += (header_bytes + max(payload_bytes, room_bytes) + 63) // 64 * 64 or 64


def slots(data):
    """What the slots of a window hold."""
    for at in range(SLOTS, len(data), STRIDE):
        published = struct.unpack_from("<I", data, at + 4)[0] if at + 8 <= len(data) else 0
        if published:
            yield data[at : at + 64 + SEGMENT_BYTES + published]


def structured(profile, window=b""):
    parts = [profile[:HEADER_BYTES]]
    parts += [header + payload for header, payload in segments(profile)]
    if window:
        parts.append(b"CWIN" + window[HEADER_PAGE : HEADER_PAGE + 656])
        parts += [b"CSLT" + slot for slot in slots(window)]
    return b"".join(parts)


class Corpus:
    def __init__(self, out):
        self.out = out

    def add(self, target, name, data):
        folder = self.out / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    def add_profile(self, path):
        profile = path.read_bytes()
        body = structured(profile)
        window = b"".join(p.read_bytes() for p in sorted(pathlib.Path(f"{path}.d").glob("*.window"))[:1])
        for command in range(COMMANDS):
            self.add("profile", f"{path.stem}-{command}", bytes([command, 0, command % 2]) + body)
        self.add("profile", f"{path.stem}-as-it-is", bytes([0, VERBATIM, 0]) + profile[:LARGEST])
        for index, (header, payload) in enumerate(segments(profile)):
            self.add("codec", f"{path.stem}-{index}", payload)
        for command in (0, 1, 6):
            self.add("window", f"{path.stem}-{command}", bytes([command, 0, 0]) + structured(profile, window))


def add_texts(corpus):
    for selector, texts in enumerate([OPTIONS, SESSIONS, SUPPRESSIONS, LINES, MOMENTS, PATTERNS, TEXTS]):
        for index, text in enumerate(texts):
            corpus.add("text", f"{selector}-{index}", bytes([selector]) + text)


def main():
    golden, out, *profiles = map(pathlib.Path, sys.argv[1:])
    corpus = Corpus(out)
    for path in sorted(golden.glob("*.cistern")) + profiles:
        if path.is_file():
            corpus.add_profile(path)
    add_texts(corpus)


if __name__ == "__main__":
    main()
