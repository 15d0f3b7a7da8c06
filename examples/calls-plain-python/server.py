"""Serves functions to carom/calls by the messages of docs/calls.md, with nothing but the standard library."""

import inspect
from multiprocessing.connection import Connection

CALL, RESULT, ERROR, STREAM, ITEM, END, ABORT, CREDIT = range(8)


def add(a, b):
    return a + b


def countdown(n, *, step=1):
    while n > 0:
        yield n
        n -= step


FUNCTIONS = {'add': add, 'countdown': countdown}


def serve(connection):
    streams = {}
    while True:
        try:
            kind, id, *rest = connection.recv()
        except EOFError:
            return
        try:
            if kind == CALL:
                name, args, *kwargs = rest
                result = FUNCTIONS[name](*args, **(kwargs[0] if kwargs else {}))
                if inspect.isgenerator(result):
                    streams[id] = result
                    connection.send((STREAM, id))
                else:
                    connection.send((RESULT, id, result))
            elif kind == CREDIT and id in streams:
                for _ in range(rest[0]):
                    try:
                        connection.send((ITEM, id, next(streams[id])))
                    except StopIteration:
                        del streams[id]
                        connection.send((END, id))
                        break
            elif kind == ABORT and id in streams:
                streams.pop(id).close()
        except Exception as error:
            streams.pop(id, None)
            connection.send((ERROR, id, {'name': type(error).__name__, 'message': str(error)}))


if __name__ == '__main__':
    serve(Connection(3))
