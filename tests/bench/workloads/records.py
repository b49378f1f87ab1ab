"""Records go through json both ways, are sorted, searched by regular expressions, and made text. Argument: how many rounds."""
import json
import random
import re
import sys

LINE = re.compile(r"(?P<name>[a-z]+-\d+) costs (?P<price>\d+\.\d\d): (?P<tags>[\w/]*)")
WORD = re.compile(r"[a-z]+|\d+")


def make_records(rng, count):
    return [{"id": number, "name": "item-%d" % rng.randrange(10000), "price": rng.random() * 100,
             "tags": ["t%d" % rng.randrange(50) for _ in range(4)], "size": {"width": rng.random(), "height": number}}
            for number in range(count)]


def through_json(records):
    return json.loads(json.dumps(records))


def by_price(records):
    return sorted(records, key=lambda one: (round(one["price"], 1), one["name"]))


def as_text(records):
    return "\n".join("%s costs %.2f: %s" % (one["name"], one["price"], "/".join(one["tags"])) for one in records)


def counted(text):
    found = {}
    for word in WORD.findall(text):
        found[word] = found.get(word, 0) + 1
    return found


def parsed(text):
    return [(one["name"], float(one["price"]), one["tags"].split("/")) for one in map(LINE.match, text.split("\n"))]


def one_round(rng):
    records = by_price(through_json(make_records(rng, 500)))
    text = as_text(records)
    words = counted(text.upper().lower().replace("costs", "is"))
    rows = sorted(parsed(text), key=lambda row: row[1])
    return len(words) + len(rows) + len(through_json({word: str(count) for word, count in words.items()}))


def main():
    rng = random.Random(1)
    print(sum(one_round(rng) for _ in range(int(sys.argv[1]))))


main()
