"""A listener that closes what it accepts, or a client that closes what it connects. A key of '' is none."""

import json
import sys
from multiprocessing.connection import Client, Listener

from messages import rate

role, address, key = sys.argv[1:4]
authkey = key.encode() or None


def connect(count):
    for _ in range(count):
        Client(address, authkey=authkey).close()


if role == "listener":
    listener = Listener(address, backlog=128, authkey=authkey)
    print("listening", flush=True)
    while True:
        listener.accept().close()
else:
    print(json.dumps(rate(connect, float(sys.argv[4]), float(sys.argv[5]))))
