"""Sends and receives descriptors on descriptor 3, as the arguments say."""

import os
import socket
import struct
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
elif sys.argv[1] == "beside":
    # The message whose hexadecimal digits follow, with a descriptor beside each byte of it, or as many beside the first.
    message = bytes.fromhex(sys.argv[2])
    frame = struct.pack("!i", len(message)) + message
    step = len(frame) if sys.argv[3] == "first" else 1
    readers = []
    carrier = socket.socket(fileno=os.dup(3))
    for at in range(0, len(frame), step):
        pairs = [socket.socketpair() for _ in range(int(sys.argv[4]))]
        socket.send_fds(carrier, [frame[at : at + step]], [there.fileno() for _, there in pairs])
        for here, there in pairs:
            there.close()
            readers.append(here.detach())
    connection.send_bytes(b"sent")
    # Each ends when the last descriptor of its other end is closed.
    for reader in readers:
        os.read(reader, 1)
    connection.send_bytes(b"all closed")
else:
    writer = recv_handle(connection)
    with open(writer, "wb") as file:
        file.write(b"written by Python")
    connection.send_bytes(b"done")
