"""Plays the other end for `python-peers.ts`: does what it is asked over the connection on descriptor 3, until that is closed.

The argument is the module whose `Listener`, `Client` and `wait` it uses: the standard library's, or billiard's.
"""

import hashlib
import hmac
import importlib
import multiprocessing.connection
import sys
import traceback

module = importlib.import_module(sys.argv[1])
control = multiprocessing.connection.Connection(3)
listener = None


def echo_bytes(connection):
    while True:
        try:
            connection.send_bytes(connection.recv_bytes())
        except EOFError:
            return "the end"


def echo_objects(connection):
    while True:
        try:
            connection.send(connection.recv())
        except EOFError:
            return "the end"


def send(connection, *values):
    for value in values:
        connection.send(value)
    return "sent"


def send_and_receive(connection, value):
    """As one that has no key: whatever comes, up to the end, is the peer's."""
    connection.send_bytes(value)
    return receive(connection)


def receive(connection):
    received = []
    while True:
        try:
            received.append(connection.recv_bytes())
        except (EOFError, ConnectionResetError):
            return received


def poll(connection):
    """Looks, waits in vain, asks the peer to send, waits for ever, and looks at the end."""
    before = [connection.poll(), connection.poll(0.01)]
    connection.send_bytes(b"send")
    at_message = connection.poll(None)
    again = connection.poll()
    message = connection.recv_bytes()
    connection.send_bytes(b"close")
    at_end = connection.poll(None)
    return {"before": before, "message": [at_message, again, message], "end": [at_end, received_end(connection)]}


def received_end(connection):
    try:
        return connection.recv_bytes()
    except EOFError:
        return "the end"


def wait(*connections):
    """Which of them are ready: at rest; when the second has a message; and when the first is closed, too."""
    number = connections.index
    before = module.wait(connections, 0.01)
    connections[1].send_bytes(b"send")
    message = [number(one) for one in module.wait(connections)]
    connections[0].send_bytes(b"close")
    while len(module.wait(connections)) < 2:
        pass
    both = [number(one) for one in module.wait(connections)]
    return {"before": before, "message": message, "both": both}


def listen(address, family, key):
    global listener
    if listener:
        listener.close()
    listener = module.Listener(tuple_of(address), family, 16, authkey=key)
    return listener.address


def accept(act, *args):
    with listener.accept() as connection:
        return act(connection, *args)


def connect(address, key, act, *args):
    with module.Client(tuple_of(address), authkey=key) as connection:
        return act(connection, *args)


def adopt(count, act, *args):
    """Uses the connections that were inherited as descriptors 4, 5, …"""
    connections = [module.Connection(4 + n) for n in range(count)]
    try:
        return act(*connections, *args)
    finally:
        for connection in connections:
            connection.close()


def mac(key, message, digest):
    return hmac.new(key, message, getattr(hashlib, digest)).digest()


def tuple_of(address):
    return tuple(address) if isinstance(address, list) else address


while True:
    try:
        name, *args = control.recv()
    except EOFError:
        break
    try:
        if name in ("accept", "connect", "adopt"):
            at = {"accept": 0, "connect": 2, "adopt": 1}[name]
            args[at] = globals()[args[at]]
        answer = {"value": globals()[name](*args)}
    except Exception as error:
        answer = {"error": type(error).__name__, "message": str(error), "stack": traceback.format_exc()}
    control.send(answer)
