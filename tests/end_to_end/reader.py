"""An independent reader of profiles, written from the format's description and from nothing else of the project.

Tests compare both the recorder and the analyzer with it. It checks no checksums (the standard library has no XXH3) and is meant for profiles of up to a few
million events. Damage that it cannot step over raises FormatError with the offset.
"""
import collections
import mmap
import os
import struct
import tempfile

import product
from line_tables import line_of

PROFILE_MAGIC = b"CISTERN\n"
SEGMENT_MAGIC = 0x47455343
MAGIC_BYTES = b"CSEG"
RECORDS, EVENTS = 1, 2
HEADER_BYTES, CONTROL_OFFSET, SLOTS_OFFSET, SLOT_STRIDE = 4096, 4096, 16384, 256 * 1024
OWNED, SEALED = 1, 2
PYTHON, NATIVE, BOUNDARY, TRUNCATED, UNKNOWN, NATIVE_RUN, AWAITING = 1, 2, 3, 4, 5, 6, 7
OPS = ("extension", "alloc", "free", "realloc", "map", "unmap", "remap", "arena")
DOMAINS = ("malloc", "raw", "mem", "obj", "mmap")
COUNTERS = ("lost", "guarded", "pass_through", "bootstrap", "stack_table_full", "retired_codes", "stopped",
            "reinstalls", "overwritten", "python_off")
FILE_FLAG, SHARED_FLAG, STACK_FLAG, NO_ACCESS_FLAG, BREAK_FLAG = 1, 2, 4, 8, 16

Header = collections.namedtuple("Header", "role clock time_shift clock_hz first_time image parent generation domains")
Identity = collections.namedtuple("Identity", "start_ticks start_unix_ns pid number")
Segment = collections.namedtuple("Segment", "kind stream_id sequence first_time tid payload")
Event = collections.namedtuple("Event", "time end_time op domain address size old_address old_size flags stack stream_id")
Code = collections.namedtuple("Code", "file name first_line table_kind")
Frame = collections.namedtuple("Frame", "kind function file line")  # of a native one: module id, and its address there
Module = collections.namedtuple("Module", "time base start size path build_id")


class FormatError(Exception):
    pass


def varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise FormatError("bad varint at %d" % at)
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def unzigzag(value):
    return (value >> 1) ^ -(value & 1)


class Fields:
    """The fields of one record. Reading past its end is an error."""

    def __init__(self, payload):
        self.data, self.at = payload, 0

    def number(self):
        value, self.at = varint(self.data, self.at)
        return value

    def signed(self):
        return unzigzag(self.number())

    def bytes(self):
        size = self.number()
        if self.at + size > len(self.data):
            raise FormatError("a string runs past its record")
        self.at += size
        return bytes(self.data[self.at - size:self.at])

    def text(self):
        return self.bytes().decode("utf-8", "surrogateescape")


def read_header(data):
    if len(data) < HEADER_BYTES or data[:8] != PROFILE_MAGIC:
        raise FormatError("no profile header")
    major, _, role, _, _, clock, shift = struct.unpack_from("<HHHHIHH", data, 8)
    if major != 2:
        raise FormatError("major version %d" % major)
    hz, first = struct.unpack_from("<QQ", data, 24)
    image = Identity(*struct.unpack_from("<QQII", data, 40))
    parent = Identity(*struct.unpack_from("<QQII", data, 64))
    generation, domains = struct.unpack_from("<II", data, 88)
    return Header(role, clock, shift, hz, first, image, parent, generation, domains)


def segment_at(data, at, payload_bytes=None):
    """The segment whose header is at `at`, and where it ends; None if there is none."""
    if at + 80 > len(data):
        return None, at
    (magic, header_bytes, kind, codec, _, stream_id, sequence, first_time, _, _, payload, _, tid, _,
     capacity) = struct.unpack_from("<IHBBIIQQQQIIIII", data, at)
    if magic != SEGMENT_MAGIC:
        return None, at
    if codec != 0:
        raise FormatError("a packed segment: images() unpacks profiles first")
    size = payload if payload_bytes is None else payload_bytes
    begin = at + header_bytes
    if begin + size > len(data):
        return None, at
    return Segment(kind, stream_id, sequence, first_time, tid, memoryview(data)[begin:begin + size]), begin + max(size, capacity)


def file_segments(data):
    """The segments of a profile file, how many bytes belonged to none, and how many zeros were there instead."""
    found, torn, zeros, at = [], 0, 0, HEADER_BYTES
    while at < len(data):
        segment, end = segment_at(data, at)
        if segment is None:
            if any(data[at:at + 64]):
                torn += min(64, len(data) - at)
            elif at % 4096 != 4032:  # else padding, so that a header lies in one page
                zeros += min(64, len(data) - at)
            at += 64
            continue
        found.append(segment)
        at = (end + 63) // 64 * 64
    return found, torn, zeros


def window_segments(data):
    slots, = struct.unpack_from("<I", data, CONTROL_OFFSET + 8)
    for index in range(slots):
        at = SLOTS_OFFSET + index * SLOT_STRIDE
        if at + 144 > len(data):
            return
        state, published, _, _ = struct.unpack_from("<IIII", data, at)
        if state in (OWNED, SEALED):
            segment, _ = segment_at(data, at + 64, published)
            if segment is not None:
                yield segment


def window_counter(path, name):
    """A counter of a window that a process may be writing to."""
    with open(path, "rb") as file:
        file.seek(CONTROL_OFFSET + 16 + 8 * COUNTERS.index(name))
        data = file.read(8)
    return struct.unpack("<Q", data)[0] if len(data) == 8 else 0


def decode_events(segment):
    data, at, time, address, stack = segment.payload, 0, segment.first_time, 0, 0
    stream_id = segment.stream_id
    while at < len(data):
        tag = data[at]
        at += 1
        op, domain = tag & 7, tag >> 3 & 7
        if op == 0:
            _, at = varint(data, at)
            size, at = varint(data, at)
            at += size
            continue
        shift = 0 if tag & 0x40 else 4 if op <= 3 else 12
        delta = 0
        if op in (1, 2):
            domain &= 3
        if op not in (1, 2) or not tag & 0x20:
            delta, at = varint(data, at)
        time = begin = time + unzigzag(delta)
        old_address = old_size = size = flags = 0
        if op in (3, 6):
            duration, at = varint(data, at)
            time += duration
            delta, at = varint(data, at)
            old_address = address = address + (unzigzag(delta) << shift)
        delta, at = varint(data, at)
        address += unzigzag(delta) << shift
        if op == 6:
            old_size, at = varint(data, at)
        if op != 2:
            size, at = varint(data, at)
        if op in (4, 6):
            flags, at = varint(data, at)
        event_stack = 0
        if op not in (2, 5):
            if not tag & 0x80:
                delta, at = varint(data, at)
                stack += unzigzag(delta)
            event_stack = stack
        if op == 7:
            flags, domain = domain, 3
        yield Event(begin, time, op, domain, address, size, old_address, old_size, flags, event_stack, stream_id)


class Image:
    """One process image: its definitions, its records and, on demand, its events."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.path, self.header = path, read_header(data)
        self.segments, self.torn, self.zeros = [], 0, 0
        self.strings, self.codes, self.tables, self.nodes = {}, {}, collections.defaultdict(bytearray), {}
        self.modules, self.threads, self.thread_names, self.marks, self.phases = {}, {}, {}, [], []
        self.losses, self.ends, self.installs, self.interpreters = {}, [], [], []
        self.executable, self.arguments, self.children, self.environment, self.epochs = "", [], [], {}, []
        self._stacks, self._frames = {}, {}
        self.add(data)

    def add(self, data):
        """Takes in a profile file, or the window of the same image; a segment that is in both counts once."""
        window = read_header(data).role == 2
        if window:
            found, torn, zeros = window_segments(data), 0, 0
        else:
            found, torn, zeros = file_segments(data)
        known = {(s.stream_id, s.sequence): i for i, s in enumerate(self.segments)}
        for segment in found:
            at = known.get((segment.stream_id, segment.sequence))
            if at is None:
                self.segments.append(segment)
            # A process that was killed may have written only some pages of a segment; the window has all of it.
            elif len(segment.payload) > len(self.segments[at].payload) - window:
                self.segments[at] = segment
        self.segments.sort(key=lambda s: (s.stream_id, s.sequence))
        self.torn += torn
        self.zeros += zeros

    def finish(self):
        for segment in self.segments:
            if segment.kind == RECORDS:
                self._read_records(segment.payload)
        if not self.epochs:  # else chunks that are not filled to their end
            self.torn += self.zeros
        return self

    def _read_records(self, data):
        at = 0
        while at < len(data):
            kind, at = varint(data, at)
            size, at = varint(data, at)
            if at + size > len(data):
                raise FormatError("record of type %d runs past its segment in %s" % (kind, self.path))
            self._take(kind, Fields(data[at:at + size]))
            at += size

    def _take(self, kind, f):
        if kind == 1:
            identity, text = f.number(), f.text()
            self.strings[identity] = text
        elif kind == 2:
            code, file, name = f.number(), f.number(), f.number()
            self.codes[code] = Code(self.strings.get(file), self.strings.get(name), f.signed(), f.number())
        elif kind == 3:
            code, offset, piece = f.number(), f.number(), f.bytes()
            if offset != len(self.tables[code]):
                raise FormatError("line table of code %d out of order" % code)
            self.tables[code] += piece
        elif kind == 4:
            identity, *node = f.number(), f.number(), f.number(), f.number(), f.signed()
            self.nodes[identity] = node
        elif kind == 5:
            identity, *numbers = (f.number() for _ in range(5))
            self.modules[identity] = Module(*numbers, f.text(), f.bytes())
        elif kind == 7:
            stream_id, time, tid, main, by, at = (f.number() for _ in range(6))
            self.threads[stream_id] = {"time": time, "tid": tid, "main": bool(main & 1), "started_by": by, "started_at": at,
                                   "name": f.text()}
        elif kind == 8:
            stream_id, _ = f.number(), f.number()
            self.thread_names[stream_id] = f.text()
        elif kind == 11:
            time, stream_id = f.number(), f.number()
            self.marks.append((time, stream_id, f.text()))
        elif kind == 12:
            self.phases.append((f.number(), f.number()))
        elif kind == 16:
            f.number()
            self.losses = dict(zip(COUNTERS, [f.number() for _ in range(f.number())]))
        elif kind == 17:
            self.executable, _, _ = f.text(), f.text(), f.text()
            self.arguments = f.text().split("\0")[:-1]
        elif kind == 18:
            name = f.text()
            self.environment[name] = f.text()
        elif kind == 19:
            identity, time, implementation, version, version_hex, flags, allocator = (
                f.number(), f.number(), f.text(), f.text(), f.number(), f.number(), f.text())
            f.number(), f.number()
            self.interpreters.append({"id": identity, "implementation": implementation, "version": version,
                                      "version_hex": version_hex, "shared": bool(flags & 1),
                                      "debug_layer": bool(flags & 4), "allocator": allocator,
                                      "stacks": f.number(), "reason": f.text()})
        elif kind == 20:
            self.ends.append((f.number(), f.number(), f.signed()))
        elif kind == 21:
            self.installs.append((f.number(), bool(f.number() & 1), f.number()))
        elif kind == 22:
            self.children.append((f.number(), f.number()))
        elif kind == 24:
            time, number = f.number(), f.number()
            self.epochs = [known for known in self.epochs if known[1] != number]
            if time:
                self.epochs.append((time, number))

    def complete_from(self):
        """The time from which on the profile is complete: the beginning, unless it was overwritten."""
        if not self.epochs:
            return self.header.first_time
        time, number = min(self.epochs)
        return self.header.first_time if number == 0 else time

    def events(self):
        """All events, each thread's in its own order."""
        for segment in self.segments:
            if segment.kind == EVENTS:
                yield from decode_events(segment)

    def stack(self, identity):
        """The frames of a stack, innermost first."""
        frames = self._stacks.get(identity)
        if frames is None:
            frames, at = [], identity
            while at:
                if at not in self.nodes:
                    raise FormatError("stack node %d was never defined" % at)
                parent, kind, a, b = self.nodes[at]
                if kind == NATIVE_RUN:
                    frames.extend(self.stack(a))
                else:
                    frames.append(self._frame(kind, a, b))
                at = parent
            frames = self._stacks[identity] = tuple(frames)
        return frames

    def _frame(self, kind, a, b):
        frame = self._frames.get((kind, a, b))
        if frame is None:
            if kind == PYTHON or (kind == AWAITING and a != 0):
                code = self.codes[a]
                frame = Frame(kind, code.name, code.file, line_of(code, bytes(self.tables[a]), b))
            else:
                frame = Frame(kind, None, a, b)
            self._frames[kind, a, b] = frame
        return frame


def identity_of(path):
    with open(path, "rb") as file:
        return read_header(file.read(HEADER_BYTES))


def is_packed(path):
    """Whether a profile has packed segments, which only the analyzer unpacks."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if os.path.getsize(path) else b""
        at = data.find(MAGIC_BYTES, HEADER_BYTES)
        while at >= 0 and at % 64:
            at = data.find(MAGIC_BYTES, at + 1)
        return at >= 0 and data[at + 7] != 0


def images(path):
    """Every image of a run, the first one first: the profile itself, and the files in the folder beside it."""
    folder, files = path + ".d", [path] if os.path.exists(path) else []
    if os.path.isdir(folder):
        files += sorted(os.path.join(folder, name) for name in os.listdir(folder))
    if any(is_packed(name) for name in files):
        with tempfile.TemporaryDirectory() as folder:
            plain = os.path.join(folder, "plain.cistern")
            unpacked = product.cistern("pack", "--plain", "--output", plain, path)
            if unpacked.code != 0:
                raise FormatError("%s cannot be unpacked: %s" % (path, unpacked.err))
            return images(plain)
    headers = {}
    for name in files:
        if os.path.isfile(name) and os.path.getsize(name) >= HEADER_BYTES:
            try:
                headers[name] = identity_of(name)
            except FormatError:
                continue
    found = collections.OrderedDict()
    for name in sorted(headers, key=lambda n: (headers[n].role, files.index(n))):
        key = headers[name].image
        if key not in found:
            found[key] = Image(name)
        else:
            with open(name, "rb") as file:
                found[key].add(file.read())
    return [image.finish() for image in found.values()]


def only_image(path):
    found = images(path)
    if len(found) != 1:
        raise FormatError("%s has %d images, not 1" % (path, len(found)))
    return found[0]
