"""Sends back what arrives on descriptor 3, until the end: objects, or bytes where the argument says so."""

import sys
from multiprocessing.connection import Connection

connection = Connection(3)
try:
    while True:
        if sys.argv[1:] == ["bytes"]:
            connection.send_bytes(connection.recv_bytes())
        else:
            connection.send(connection.recv())
except EOFError:
    pass
