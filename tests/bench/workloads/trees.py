"""Deep recursion that builds trees: nearly every allocation has another stack than the one before. Argument: how many."""
import random
import sys

sys.setrecursionlimit(5000)


class Node:
    __slots__ = ("key", "left", "right")

    def __init__(self, key, left, right):
        self.key, self.left, self.right = key, left, right


def balanced(low, high):
    if low >= high:
        return None
    middle = (low + high) // 2
    left = balanced(low, middle)
    return Node(str(middle), left, balanced(middle + 1, high))


def inserted(node, key):
    """A copy of the way down, as a tree that never changes has it."""
    if node is None:
        return Node(key, None, None)
    if key < node.key:
        return Node(node.key, inserted(node.left, key), node.right)
    return Node(node.key, node.left, inserted(node.right, key))


def chain(depth, rng):
    if depth == 0:
        return None
    return (depth, float(depth) * rng.random(), chain(depth - 1, rng))


def height(node):
    return 0 if node is None else 1 + max(height(node.left), height(node.right))


def total(rng):
    tree = balanced(0, 200)
    for _ in range(100):
        tree = inserted(tree, str(rng.randrange(100000)))
    link, length = chain(150, rng), 0
    while link is not None:
        link, length = link[2], length + 1
    return height(tree) + length


rng = random.Random(1)
print(sum(total(rng) for _ in range(int(sys.argv[1]))))
