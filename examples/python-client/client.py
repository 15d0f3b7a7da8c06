"""Asks a server for squares, and sends it bytes. Nothing but the standard library."""

import os
import sys
from multiprocessing.connection import Client

with Client(sys.argv[1], authkey=os.environ["AUTHKEY"].encode()) as connection:
    for number in [12, -3, 2**40]:
        connection.send({"square": number})
        print(f"{number} squared is {connection.recv()}", flush=True)

    connection.send({"reverse": "bytes follow"})
    connection.send_bytes(b"carom")
    print("reversed:", connection.recv_bytes().decode(), flush=True)
