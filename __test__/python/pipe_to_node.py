"""Makes a pipe, starts a Node process that echoes on its descriptor 3, and prints what came back, and how it ended."""

import importlib
import os
import subprocess
import sys

connection = importlib.import_module(sys.argv[1])
here, there = connection.Pipe()
# Other open descriptors close themselves.
child = subprocess.Popen(sys.argv[2:], close_fds=False, preexec_fn=lambda: os.dup2(there.fileno(), 3))
there.close()

seen = []
for message in (b"", b"ping", bytes(range(250)) * 1200):
    here.send_bytes(message)
    back = here.recv_bytes()
    seen.append((back if len(back) < 100 else len(back)) if back == message else "something else")
# The child ends when this end is closed; a message cut short would be its error.
here.close()
seen.append("the end")
seen.append(child.wait())
print(seen)
