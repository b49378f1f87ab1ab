"""A plain heap model over the events of one image, for tests.

Events are sorted by time. Events of one thread with equal times stay in recorded order; at equal times of several
threads frees come first. An allocation at a live address whose free follows within INVERSION_NS is a clock inversion
and is undone; any other is counted in `implied_frees`.
"""
import bisect
import collections
import heapq

from reader import DOMAINS, FILE_FLAG, NO_ACCESS_FLAG, STACK_FLAG

Block = collections.namedtuple("Block", "address size domain stack time")
INVERSION_NS = 1000


class Heap:
    """Blocks of the malloc family and of Python's allocators, and mapped ranges, as far as advance() has come."""

    def __init__(self, image):
        self.blocks, self.implied_frees, self.unknown_frees = {}, 0, 0
        self.ranges = []  # disjoint, sorted [start, end) of mappings that hold live bytes
        self._lingering = {}
        self._inversion = INVERSION_NS * image.header.clock_hz // 10**9 >> image.header.time_shift
        self._steps = _merged_steps(image.events())
        self._at = 0

    def advance(self, until=None):
        """Up to the events of time `until`, or to the end. Returns the heap itself."""
        for time, _, begins, event in self._steps[self._at:]:
            if until is not None and time > until:
                break
            self._at += 1
            if event.op >= 4:
                self._mapping(event, begins)
            elif begins:
                self._begin(event, time)
            else:
                self._end(event, time)
        return self

    def _begin(self, event, time):
        if event.address in self.blocks:
            self.implied_frees += 1
            self._lingering[event.address] = time
        self.blocks[event.address] = Block(event.address, event.size, DOMAINS[event.domain], event.stack, time)

    def _end(self, event, time):
        address = event.old_address if event.op == 3 else event.address
        if address not in self.blocks:
            self.unknown_frees += 1
            return
        overlapped = self._lingering.pop(address, None)
        if overlapped is not None and time - overlapped <= self._inversion:
            self.implied_frees -= 1
            return
        del self.blocks[address]

    def _mapping(self, event, begins):
        if not begins:
            old = event.old_address if event.op == 6 else event.address
            self._clear(old, old + (event.old_size if event.op == 6 else event.size))
            return
        start, end = event.address, event.address + _whole_pages(event.size)
        self._clear(start, end)
        if not event.flags & (FILE_FLAG | STACK_FLAG | NO_ACCESS_FLAG):
            bisect.insort(self.ranges, (start, end))

    def _clear(self, start, end):
        end = start + _whole_pages(end - start)
        kept = []
        for low, high in self.ranges:
            if high <= start or low >= end:
                kept.append((low, high))
                continue
            if low < start:
                kept.append((low, start))
            if high > end:
                kept.append((end, high))
        self.ranges = kept

    def coverage(self):
        return merged(self.ranges)


def merged(ranges):
    """The same addresses with neighbours joined."""
    joined = []
    for start, end in sorted(ranges):
        if joined and joined[-1][1] >= start:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _whole_pages(size):
    return (size + 4095) // 4096 * 4096


def _merged_steps(events):
    by_stream = collections.defaultdict(list)
    for step in _steps(events):
        by_stream[step[3].stream_id].append(step)
    for steps in by_stream.values():
        steps.sort(key=lambda step: step[0])
    return list(heapq.merge(*by_stream.values(), key=lambda step: step[:2]))


def _steps(events):
    """(time, order at equal times, whether a block begins, event), a move being an end and a beginning."""
    for event in events:
        if event.op in (2, 3, 5, 6):
            yield event.time, 0, False, event
        if event.op in (1, 3, 4, 6):
            yield event.end_time, 1, True, event
