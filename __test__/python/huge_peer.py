"""Exchanges a message of a given length over the connection on descriptor 3, and tells its checksum."""

import sys
import zlib
from multiprocessing.connection import Connection

length = int(sys.argv[1])
connection = Connection(3)

message = connection.recv_bytes()
connection.send("%d %d" % (len(message), zlib.crc32(message)))
del message

message = bytearray(length)
message[::4096] = b"\x01" * len(message[::4096])
message[-1] = 255
connection.send("%d %d" % (length, zlib.crc32(message)))
connection.send_bytes(message)
