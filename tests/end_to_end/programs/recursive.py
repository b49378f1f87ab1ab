"""Recursion of every kind that allocates before and after each call: direct, mutual, through C, through exceptions."""
import functools


def tree(depth):
    return (tree(depth - 1), [depth], tree(depth - 1)) if depth else None


def count(node):
    return 1 + count(node[0]) + count(node[2]) if node else 0


def even(n):
    return [n] and (odd(n - 1) if n else True)


def odd(n):
    return {n: n} and (even(n - 1) if n else False)


class Node:
    def __init__(self, depth):
        self.children = [Node(depth - 1) for _ in range(3)] if depth else []

    def __repr__(self):
        return "<%s>" % ", ".join(map(repr, self.children))


def unwinding(depth):
    if not depth:
        raise ValueError("bottom %d" % depth)
    try:
        unwinding(depth - 1)
    except ValueError as error:
        if depth % 7:
            raise
        raise ValueError(str(error) + ".") from error


@functools.lru_cache(maxsize=None)
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def ackermann(m, n):
    if not m:
        return (n + 1,)[0]
    # Two calls of one function from two places in one frame: the frame above has the same address both times.
    return ackermann(m - 1, 1) if not n else ackermann(m - 1, ackermann(m, n - 1))


def main():
    total = count(tree(13))
    for n in range(120):
        total += even(n)
    for depth in range(7):
        total += len(repr(Node(depth)))
    for depth in range(60):
        try:
            unwinding(depth)
        except ValueError as error:
            total += len(str(error))
    total += fibonacci(250) + ackermann(2, 60)
    return total


print(sum(main() for _ in range(6)))
