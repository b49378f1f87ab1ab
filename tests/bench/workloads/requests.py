"""A service at work: json both ways, sorting, regular expressions, strings, at many depths. Argument: how many requests."""
import json
import random
import re
import sys

WORDS = re.compile(r"[a-z]+|\d+")
KEPT = {}


class Item:
    def __init__(self, name, price, tags):
        self.name, self.price, self.tags = name, price, tags

    def as_dict(self):
        return {"name": self.name, "price": self.price, "tags": list(self.tags)}


def make_items(rng, count):
    return [Item("item-%d" % rng.randrange(10000), rng.random() * 100, ["t%d" % rng.randrange(50) for _ in range(4)])
            for _ in range(count)]


def through_json(items):
    return json.loads(json.dumps([item.as_dict() for item in items]))


def by_price(rows):
    rows.sort(key=lambda row: (round(row["price"] * 3.7, 2), row["name"]))
    return {row["name"]: row for row in rows}


def words_of(rows):
    text = " ".join("%s costs %.2f, says %s" % (row["name"], row["price"], "/".join(row["tags"])) for row in rows)
    found = {}
    for match in WORDS.finditer(text):
        found[match.group()] = found.get(match.group(), 0) + 1
    return found


def tree(depth, width):
    if depth == 0:
        return [float(width) * 1.5, str(width * 1000)]
    return {"k%d" % i: tree(depth - 1, width) for i in range(width)}


def walk(node):
    return sum(walk(child) for child in node.values()) if isinstance(node, dict) else len(node) + len(repr(node))


def text_work(rng):
    lines = ["%08x:%s" % (rng.getrandbits(32), "abc" * rng.randrange(1, 20)) for _ in range(60)]
    return "\n".join("=".join(line.upper().split(":")) for line in sorted(lines)).encode().decode()


def deep(depth, work, *arguments):
    return work(*arguments) if depth == 0 else deep(depth - 1, work, *arguments)


def request(number, rng):
    rows = deep(number % 16, through_json, make_items(rng, 20))
    kept = deep(number % 7, by_price, rows), deep(number % 5, words_of, rows)
    size = walk(tree(4, 3)) + len(deep(number % 11, text_work, rng))
    KEPT[number % 1000] = kept if number % 10 == 0 else size


def main():
    rng = random.Random(1)
    for number in range(int(sys.argv[1])):
        request(number, rng)


main()
