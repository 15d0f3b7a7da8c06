"""A manager, and what a Python client of it measures:

    manager.py server                                      prints its address, and serves until standard input ends
    manager.py client <what> <warm-up> <seconds>           prints the figure, as measure.ts does
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from multiprocessing.managers import BaseManager

import service

KEY = b'bench'
# How many threads call at once: a proxy has a connection for each thread that uses it.
THREADS = 8


class Service:
    add = staticmethod(service.add)
    give = staticmethod(service.give)
    take = staticmethod(service.take)


class Manager(BaseManager):
    pass


Manager.register('service', Service)


def serve():
    server = Manager(authkey=KEY).get_server()
    print(server.address, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


def checked(proxy, count):
    for n in range(count):
        if proxy.add(n, 1) != n + 1:
            raise ValueError('a wrong result')


def many(proxy, count):
    threads = [threading.Thread(target=checked, args=(proxy, count // THREADS + 1)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (count // THREADS + 1) * THREADS


def one(proxy, count):
    checked(proxy, count)
    return count


def rate(call, proxy, warm_up, seconds):
    """As rate.ts has it: doubles the count until a run is as long as the warm-up, and then measures once."""
    count, took = 1, 0.0
    while took < warm_up:
        count *= 2
        begun = time.perf_counter()
        call(proxy, count)
        took = time.perf_counter() - begun
    begun = time.perf_counter()
    done = call(proxy, int(count * seconds / took))
    return done / (time.perf_counter() - begun)


def latency(proxy, warm_up, seconds):
    times = []
    for limit in warm_up, seconds:
        times.clear()
        end = time.perf_counter() + limit
        while time.perf_counter() < end:
            begun = time.perf_counter_ns()
            one(proxy, 1)
            times.append(time.perf_counter_ns() - begun)
    return statistics.median(times)


def give(proxy, count):
    for _ in range(count):
        if proxy.give(service.LARGE) != [len(service.LARGE), 1.0]:
            raise ValueError('a wrong result')
    return count


def take(proxy, count):
    for _ in range(count):
        if len(proxy.take()) != len(service.LARGE):
            raise ValueError('a wrong result')
    return count


def measure(what, warm_up, seconds):
    server = subprocess.Popen([sys.executable, __file__, 'server'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    manager = Manager(address=server.stdout.readline().decode().strip(), authkey=KEY)
    manager.connect()
    proxy = manager.service()
    if what == 'one':
        figure = latency(proxy, warm_up, seconds)
    else:
        figure = rate({'many': many, 'give': give, 'take': take}[what], proxy, warm_up, seconds)
    print(json.dumps(figure))
    server.stdin.close()
    server.wait()


if __name__ == '__main__':
    if sys.argv[1] == 'server':
        serve()
    else:
        measure(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
