"""The messages that are exchanged, and both ends of it. Started as a program it is one end, on descriptor 3 or a pipe of its own."""

import json
import os
import subprocess
import sys
import time
from multiprocessing.connection import Connection, Pipe

try:
    import numpy
except ImportError:
    numpy = None

BYTES = b"c" * 64
LARGE = b"c" * (1 << 20)


def small_object(index):
    return {
        "id": index,
        "player": "Ada",
        "ball": {"x": 0.25, "y": 1.5},
        "scored": True,
        "touched": ["red", "cushion"],
    }


KINDS = {"small object": small_object, "64 B": lambda index: BYTES, "1 MiB": lambda index: LARGE}
ARRAY = "100 MiB of numpy"
if numpy and ARRAY in sys.argv:
    array = numpy.arange(100 * (1 << 20) // 8, dtype="f8")
    KINDS[ARRAY] = lambda index: array


def far(connection):
    """Echoes, receives or sends as many messages as the near end says, until that closes."""
    while True:
        try:
            act, kind, count = connection.recv()
        except EOFError:
            return
        if act == "round trip":
            for _ in range(count):
                connection.send(connection.recv())
        elif act == "to Python":
            for _ in range(count):
                message = connection.recv()
            connection.send(len(message))
        else:
            make = KINDS[kind]
            for index in range(count):
                connection.send(make(index))


def near(connection, act, kind, count):
    make = KINDS[kind]
    connection.send((act, kind, count))
    if act == "round trip":
        for index in range(count):
            connection.send(make(index))
            connection.recv()
    elif act == "to Python":
        for index in range(count):
            connection.send(make(index))
        connection.recv()
    else:
        for _ in range(count):
            connection.recv()


def rate(run, warm_up, seconds):
    """How often a second: `run(count)`, with a count that takes about `seconds`, after others that take `warm_up`."""

    def timed(count):
        start = time.perf_counter()
        run(count)
        return time.perf_counter() - start

    run(1)
    count, took = 1, timed(1)
    while took < warm_up:
        count *= 2
        took = timed(count)
    count = max(1, round(count * seconds / took))
    return count / timed(count)


if __name__ == "__main__":
    if sys.argv[1] == "far":
        far(Connection(3))
    else:
        act, kind, warm_up, seconds = sys.argv[2:]
        here, there = Pipe()
        child = subprocess.Popen(
            [sys.executable, __file__, "far", kind], close_fds=False, preexec_fn=lambda: os.dup2(there.fileno(), 3)
        )
        there.close()
        print(json.dumps(rate(lambda count: near(here, act, kind, count), float(warm_up), float(seconds))))
        here.close()
        child.wait()
