"""Sends and receives descriptors outside the framing, on descriptor 3, as the argument says."""

import os
import sys
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle

connection = Connection(3)
if sys.argv[1] == "send":
    reader, writer = os.pipe()
    send_handle(connection, writer, os.getppid())
    os.close(writer)
    with open(reader, "rb") as file:
        connection.send_bytes(file.read())
else:
    writer = recv_handle(connection)
    with open(writer, "wb") as file:
        file.write(b"written by Python")
    connection.send_bytes(b"done")
