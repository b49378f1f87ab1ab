"""The second reader itself: it decodes the format's worked examples, and its heap model is exact."""
import dis
import struct
import sys
import types
import unittest

import heap_model
import line_tables
import reader


def segment(payload, first_time=1000, stream_id=1, sequence=0):
    return reader.Segment(reader.EVENTS, stream_id, sequence, first_time, 7, memoryview(payload))


def image_of(*events):
    header = types.SimpleNamespace(clock_hz=10**9, time_shift=0)
    return types.SimpleNamespace(header=header, events=lambda: iter(events))


def event(op, time, address, size=0, old_address=0, old_size=0, domain=0, flags=0, end_time=None):
    return reader.Event(time, time if end_time is None else end_time, reader.OPS.index(op), domain, address, size,
                        old_address, old_size, flags, 0, 1)


class Reader(unittest.TestCase):
    def test_decodes_the_worked_example_of_an_allocation_and_its_free(self):
        alloc, free = reader.decode_events(segment(bytes.fromhex("01 0A 80 04 18 06 02 04 00")))
        self.assertEqual((alloc.op, alloc.domain, alloc.time, alloc.address, alloc.size, alloc.stack),
                         (1, 0, 1005, 0x1000, 24, 3))
        self.assertEqual((free.op, free.time, free.address, free.stack), (2, 1007, 0x1000, 0))

    def test_decodes_a_realloc_in_exact_bytes_and_skips_an_extension(self):
        # extension of type 9 with 2 bytes; realloc, domain obj, exact: +1, 3 long, from 5 to 8, size 9, stack 4
        payload = bytes.fromhex("00 09 02 FF FF") + bytes([3 | 3 << 3 | 0x40, 2, 3, 10, 6, 9, 8])
        moved, = reader.decode_events(segment(payload))
        self.assertEqual((moved.time, moved.end_time, moved.old_address, moved.address, moved.size, moved.stack),
                         (1001, 1004, 5, 8, 9, 4))

    def test_refuses_a_varint_that_does_not_end(self):
        with self.assertRaises(reader.FormatError):
            list(reader.decode_events(segment(b"\x01\x80")))

    def test_finds_segments_after_damage_and_counts_unreadable_bytes(self):
        body = struct.pack("<IHBBIIQQQQIIIIQQ", reader.SEGMENT_MAGIC, 80, reader.EVENTS, 0, 0, 1, 0, 5, 6, 1, 6, 6, 7, 8,
                           0, 0) + bytes.fromhex("010A80041806")
        data = bytes(reader.HEADER_BYTES) + b"\xAA" * 128 + bytes(192) + body
        found, torn, zeros = reader.file_segments(data)
        self.assertEqual((len(found), torn, zeros), (1, 128, 192))
        self.assertEqual(bytes(found[0].payload), bytes.fromhex("010A80041806"))


class HeapModel(unittest.TestCase):
    def test_frees_come_before_allocations_of_the_same_moment(self):
        heap = heap_model.Heap(image_of(event("alloc", 5, 16, 1), event("alloc", 9, 16, 2), event("free", 9, 16)))
        heap.advance()
        self.assertEqual((heap.blocks[16].size, heap.implied_frees, heap.unknown_frees), (2, 0, 0))

    def test_an_inversion_is_undone_and_a_lost_free_is_counted(self):
        late = event("free", 20, 16)
        heap = heap_model.Heap(image_of(event("alloc", 5, 16, 1), event("alloc", 10, 16, 2), late)).advance()
        self.assertEqual((heap.blocks[16].size, heap.implied_frees), (2, 0))
        heap = heap_model.Heap(image_of(event("alloc", 5, 16, 1), event("alloc", 10, 16, 2))).advance()
        self.assertEqual((heap.blocks[16].size, heap.implied_frees), (2, 1))

    def test_a_move_ends_at_the_old_place_before_it_begins_at_the_new_one(self):
        moved = event("realloc", 10, 32, 3, old_address=16, end_time=30)
        taken = event("alloc", 20, 16, 4)
        heap = heap_model.Heap(image_of(event("alloc", 5, 16, 1), taken, moved)).advance()
        self.assertEqual({a: b.size for a, b in heap.blocks.items()}, {16: 4, 32: 3})

    def test_mappings_are_cut_moved_and_joined(self):
        page = 4096
        heap = heap_model.Heap(image_of(
            event("map", 1, 10 * page, 8 * page), event("unmap", 2, 12 * page, page + 1),
            event("remap", 3, 40 * page, 2 * page, old_address=16 * page, old_size=2 * page),
            event("map", 4, 60 * page, page, flags=reader.STACK_FLAG)))
        heap.advance()
        self.assertEqual(heap.coverage(), [(10 * page, 12 * page), (14 * page, 16 * page), (40 * page, 42 * page)])

    def test_advance_stops_at_the_moment_asked_for(self):
        heap = heap_model.Heap(image_of(event("alloc", 5, 16, 1), event("alloc", 6, 32, 1)))
        self.assertEqual(len(heap.advance(5).blocks), 1)
        self.assertEqual(len(heap.advance().blocks), 2)


class LineTables(unittest.TestCase):
    def test_lines_of_this_interpreters_code_equal_co_lines(self):
        kind = 1 if sys.version_info < (3, 10) else 2 if sys.version_info < (3, 11) else 3
        checked = 0
        for module in (reader, heap_model, line_tables, unittest):
            for function in vars(module).values():
                if not isinstance(function, types.FunctionType):
                    continue
                code = function.__code__
                table = code.co_lnotab if kind == 1 else code.co_linetable
                known = reader.Code("", "", code.co_firstlineno, kind)
                starts = list(dis.findlinestarts(code)) + [(len(code.co_code), None)]
                for (begin, line), (end, _) in zip(starts, starts[1:]):
                    if line is not None:
                        self.assertEqual(line_tables.line_of(known, bytes(table), begin), line)
                        checked += 1
        self.assertGreater(checked, 100)


if __name__ == "__main__":
    unittest.main()
