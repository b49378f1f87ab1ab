"""The Python code of embed_target. The size of each block encodes the number, the line and the round."""
TIMES = 20
kept = []


def inner(size):
    return bytes(size)                      # LINE inner


def outer(size):
    text = bytes(size + 1)                  # LINE outer
    kept.append(inner(size))                # LINE call inner
    return text


def work(number):
    for _ in range(TIMES):
        outer(20000 + 100 * number)         # LINE call outer
    kept.clear()
