"""Summarises lists of numbers, for one client, until it closes. Nothing but the standard library."""

import os
import statistics
from multiprocessing.connection import Listener

with Listener(("localhost", 0), authkey=os.environ["AUTHKEY"].encode()) as listener:
    print(listener.address[1], flush=True)
    with listener.accept() as connection:
        while True:
            try:
                numbers = connection.recv()
            except EOFError:
                break
            if numbers:
                reply = {
                    "count": len(numbers),
                    "mean": statistics.mean(numbers),
                    "median": statistics.median(numbers),
                }
            else:
                reply = ValueError("no numbers")
            connection.send(reply)
