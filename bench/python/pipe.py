"""Two Pythons on a Pipe, measured as the floor program measures: `pipe.py LIBRARY ACT SIZE …` prints one line of JSON.

LIBRARY is multiprocessing or billiard, ACT round-trip or one-way, SIZE a number of bytes, or `object`.
"""

import argparse
import importlib
import json
import struct
import time

from messages import small_object

MOST_SAMPLES = 1_000_000
MOST_MESSAGES = 50_000_000
FILL = b"c"


class Bytes:
    """Raw messages of one size."""

    def __init__(self, size):
        self.size = size
        self.payload = FILL * size

    def send(self, connection, index):
        connection.send_bytes(self.payload)

    def receive(self, connection, index):
        message = connection.recv_bytes()
        assert len(message) == self.size and message[:1] == message[-1:] == FILL

    def echo(self, connection):
        connection.send_bytes(connection.recv_bytes())


class Objects:
    """Small objects, each made anew."""

    size = len(json.dumps(small_object(123_456), separators=(",", ":")))

    def send(self, connection, index):
        connection.send(small_object(index))

    def receive(self, connection, index):
        message = connection.recv()
        assert message["id"] == index and message["touched"][1] == "cushion"

    def echo(self, connection):
        connection.send(connection.recv())


def processor_time():
    return time.clock_gettime_ns(time.CLOCK_PROCESS_CPUTIME_ID)


def far(connection, near, act, kind):
    near.close()
    try:
        if act == "round-trip":
            while True:
                kind.echo(connection)
        while True:
            (count,) = struct.unpack("!I", connection.recv_bytes())
            used = processor_time()
            for index in range(count):
                kind.receive(connection, index)
            connection.send_bytes(struct.pack("!Q", processor_time() - used))
    except EOFError:
        pass


def round_trip(connection, kind, bounds):
    samples = []
    send, receive = kind.send, kind.receive
    send(connection, 0)
    receive(connection, 0)
    before = time.perf_counter_ns()
    measured = before + bounds.warm_up * 1e9
    last = measured + bounds.seconds * 1e9
    index = 0
    while True:
        index += 1
        send(connection, index)
        receive(connection, index)
        now = time.perf_counter_ns()
        if now >= measured:
            samples.append(now - before)
        before = now
        if (now >= last and samples) or len(samples) == MOST_SAMPLES:
            break
    samples.sort()
    at = lambda part: samples[round((len(samples) - 1) * part)]
    return {"p50": at(0.5), "p99": at(0.99), "samples": len(samples)}


def run(connection, kind, count, interval):
    """Seconds that `count` messages take, and the nanoseconds of processor time of both ends and of the far one."""
    used = processor_time()
    start = time.perf_counter()
    connection.send_bytes(struct.pack("!I", count))
    send = kind.send
    if interval:
        for index in range(count):
            time.sleep(max(0, start + (index + 1) * interval - time.perf_counter()))
            send(connection, index)
    else:
        for index in range(count):
            send(connection, index)
    (far_used,) = struct.unpack("!Q", connection.recv_bytes())
    return time.perf_counter() - start, processor_time() - used + far_used, far_used


def one_way(connection, kind, bounds):
    run(connection, kind, 1, 0)
    if bounds.interval:
        interval = bounds.interval / 1e6
        run(connection, kind, max(1, round(bounds.warm_up / interval)), interval)
        count = max(1, round(bounds.seconds / interval))
        _, used, far_used = run(connection, kind, count, interval)
        return {"cost": "processor", "value": used / count, "far": far_used / count}
    count = 1
    took, *_ = run(connection, kind, count, 0)
    while took < bounds.warm_up and count < MOST_MESSAGES / 2:
        count *= 2
        took, *_ = run(connection, kind, count, 0)
    count = max(1, min(MOST_MESSAGES, round(count * bounds.seconds / took)))
    took, used, _ = run(connection, kind, count, 0)
    return {"messages": count, "bytes": count * kind.size, "seconds": took, "processor": used}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=["multiprocessing", "billiard"])
    parser.add_argument("act", choices=["round-trip", "one-way"])
    parser.add_argument("size")
    parser.add_argument("--interval", type=float, default=0, help="microseconds from one message to the next")
    parser.add_argument("--warm-up", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=0.5)
    bounds = parser.parse_args()
    library = importlib.import_module(bounds.library)
    kind = Objects() if bounds.size == "object" else Bytes(int(bounds.size))
    near, theirs = library.Pipe()
    child = library.get_context("fork").Process(target=far, args=(theirs, near, bounds.act, kind))
    child.start()
    theirs.close()
    measure = round_trip if bounds.act == "round-trip" else one_way
    sample = measure(near, kind, bounds)
    near.close()
    child.join()
    assert child.exitcode == 0
    print(json.dumps(sample))
