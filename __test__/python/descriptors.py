"""Sends bytes with descriptors beside them, on descriptor 3: what argv[1] says, as JSON, [[hexadecimal digits, kinds], ...].

Then it says so in a message, keeps the other ends open, and ends with the stream.
"""

import json
import os
import pty
import socket
import struct
import sys
import tempfile

carrier = socket.socket(fileno=3)
kept = []


def listening(family, blocking):
    listener = socket.socket(family)
    if family == socket.AF_INET:
        listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.setblocking(blocking)
    return listener.detach()


def lingering():
    """A TCP socket whose close waits for ten minutes: nobody reads what it has sent."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    sender = socket.create_connection(listener.getsockname())
    kept.extend([listener, listener.accept()])
    sender.setblocking(False)
    try:
        while True:
            sender.send(bytes(1 << 16))
    except BlockingIOError:
        pass
    sender.setblocking(True)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 600))
    return sender.detach()


def pair(kind):
    here, there = socket.socketpair(type=kind)
    kept.append(here)
    return there.detach()


def pipe(end):
    ends = list(os.pipe())
    return ends[end]


def with_pidfd():
    """A socket whose every read brings a descriptor of its sender's process."""
    here, there = socket.socketpair()
    there.setsockopt(socket.SOL_SOCKET, 76, 1)
    for _ in range(100):
        here.sendall(struct.pack("!i", 1) + b"x")
    kept.append(here)
    return there.detach()


makers = {
    "stream": lambda: pair(socket.SOCK_STREAM),
    "datagram": lambda: pair(socket.SOCK_DGRAM),
    "packets": lambda: pair(socket.SOCK_SEQPACKET),
    "fifo": lambda: pipe(0),
    "fifo to write": lambda: pipe(1),
    "terminal": lambda: pty.openpty()[1],
    "file": lambda: os.open(tempfile.gettempdir(), os.O_RDWR | os.O_TMPFILE),
    "device": lambda: os.open("/dev/null", os.O_RDWR),
    "directory": lambda: os.open("/", os.O_RDONLY),
    "listener": lambda: listening(socket.AF_INET, False),
    "blocking listener": lambda: listening(socket.AF_INET, True),
    "bound": lambda: socket.socket().detach(),
    "lingering": lingering,
    "with pidfd": with_pidfd,
}

for digits, kinds in json.loads(sys.argv[1]):
    fds = [makers[kind]() for kind in kinds]
    try:
        socket.send_fds(carrier, [bytes.fromhex(digits)], fds)
    except PermissionError:
        carrier.sendall(struct.pack("!i", 7) + b"refused")
        continue
    for fd in fds:
        os.close(fd)
carrier.sendall(struct.pack("!i", 4) + b"sent")
try:
    while carrier.recv(1024):
        pass
except ConnectionResetError:
    # Something was unread when it was closed.
    pass
