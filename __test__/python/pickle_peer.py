"""Answers what `pickle-peers.ts` asks over the connection on descriptor 3, until it is closed."""

import array
import collections
import concurrent.futures
import datetime
import decimal
import enum
import fractions
import functools
import ipaddress
import math
import operator
import os
import pathlib
import pickle
import re
import sys
import traceback
import uuid
from multiprocessing.connection import Connection

# Modules that only some interpreters have, or only the environments that the tests make.
for module in ["dataclasses", "zoneinfo", "backports.zoneinfo", "numpy", "pandas", "pytz", "dateutil", "dateutil.tz"]:
    try:
        __import__(module)
        globals()[module.split(".")[-1]] = sys.modules[module]
    except ImportError:
        pass

utc = datetime.timezone.utc


class Unknown:
    pass


class Oops(Exception):
    """By its name, nobody would know that it is an exception."""


class OopsError(Exception):
    pass


class Outer:
    class InnerError(Exception):
        pass


class Loud(KeyError):
    def __str__(self):
        return "loud"


class Color(enum.Enum):
    RED = "red"


Point = collections.namedtuple("Point", "x y")


class Record:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Bag(list):
    pass


class Catalog(dict):
    pass


def function():
    pass


class Keyword:
    def __new__(cls, a, *, b):
        keyword = super().__new__(cls)
        keyword.made = (a, b)
        return keyword


def same(a, b):
    """Whether two values are equal, of the same types, down to the bits of their floats."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (float, complex)):
        return repr(a) == repr(b)
    if isinstance(a, slice):
        return same((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a), list(b)) and all(map(same, a.values(), b.values()))
    return a == b


def make(statements):
    """The value of the last line, which may use what the lines before it make."""
    *first, last = statements.split("\n")
    names = dict(globals())
    exec("\n".join(first), names)
    return eval(last, names)


def answer(request):
    kind, *rest = request
    if kind == "dumps":
        statements, protocol = rest
        return pickle.dumps(make(statements), protocol)
    if kind == "check":
        value, expression = rest
        return pickle.dumps(True if eval(expression, dict(globals(), value=value)) is True else ascii(value))
    if kind == "echo":
        value, protocol = rest
        return pickle.dumps(value, protocol)
    raise ValueError(kind)


connection = Connection(3)
while True:
    try:
        request = connection.recv()
    except EOFError:
        break
    except Exception:
        connection.send(traceback.format_exc())
        continue
    try:
        reply = answer(request)
    except Exception:
        reply = pickle.dumps(traceback.format_exc())
    connection.send_bytes(reply)
