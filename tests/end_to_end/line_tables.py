"""Lines of CPython code objects from their raw line tables: the three encodings of the supported versions."""


def line_of(code, table, offset):
    """The line at byte `offset` of a code object's instructions; None where the table says that there is none."""
    if offset < 0 or code.table_kind == 0:
        return code.first_line
    return {1: _lnotab, 2: _line_table, 3: _locations}[code.table_kind](code.first_line, table, offset)


def _signed_byte(value):
    return value - 256 if value > 127 else value


def _lnotab(line, table, offset):
    at = 0
    for i in range(0, len(table), 2):
        at += table[i]
        if at > offset:
            break
        line += _signed_byte(table[i + 1])
    return line


def _line_table(line, table, offset):
    at = 0
    for i in range(0, len(table), 2):
        delta = _signed_byte(table[i + 1])
        has_line = delta != -128
        line += delta if has_line else 0
        at += table[i]
        if offset < at:
            return line if has_line else None
    return None


def _varint(table, i):
    value = shift = 0
    while True:
        byte = table[i]
        i += 1
        value |= (byte & 63) << shift
        shift += 6
        if not byte & 64:
            return value, i


def _signed_varint(table, i):
    value, i = _varint(table, i)
    return (-(value >> 1) if value & 1 else value >> 1), i


def _locations(line, table, offset):
    at = i = 0
    while i < len(table):
        kind, length = table[i] >> 3 & 15, (table[i] & 7) + 1
        i += 1
        has_line = kind != 15
        if kind <= 9:
            i += 1
        elif kind <= 12:
            line += kind - 10
            i += 2
        elif kind == 13:
            delta, i = _signed_varint(table, i)
            line += delta
        elif kind == 14:
            delta, i = _signed_varint(table, i)
            line += delta
            for _ in range(3):
                _, i = _varint(table, i)
        at += 2 * length
        if offset < at:
            return line if has_line else None
    return None
