"""Prints pickles of everything that docs/pickle.md has a row for, and of some that it refuses, in all protocols, as JSON."""

import array
import collections
import datetime
import decimal
import json
import operator
import os
import pathlib
import pickle
import uuid

try:
    import numpy
except ImportError:
    numpy = None

utc = datetime.timezone.utc
shared = [1]
cycle = []
cycle.append({"cycle": cycle})
changed = {"self": None}
changed["self"] = [changed, changed]
changed[1] = changed
noted = ValueError("no")
noted.hint = ["try", "again"]

values = [
    None,
    [True, False, 0, 1, -1, 255, 256, 65535, 65536, -70000, 2**31, 2**53, -(2**64), 2**300],
    [1.5, -0.0, 5e-324, float("inf"), float("nan")],
    ["", "a", "é", "漢", "🎱", "a\\b\n\0", "\ud800", "x" * 300],
    [b"", b"\0\xff", bytes(range(256)), bytearray(b"ab")],
    [[], [1, ["a"]], (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, (4,))],
    {"b": 1, "a": {"": None}},
    {1: "a", None: "b", (1, 2): "c", "d": {}},
    {"__proto__": {"polluted": 1}, "constructor": 2, "toString": 3},
    [{1, 2}, set(), frozenset([(1, 2)])],
    list(range(1100)),
    [shared, shared, {"c": shared}],
    cycle,
    changed,
    [datetime.datetime(2024, 2, 29, 12, 34, 56, 789999, utc), datetime.datetime(2024, 7, 1, 12), datetime.date.min],
    datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-5, minutes=-30), "X")),
    [decimal.Decimal(s) for s in ("1.50", "-1E+400", "NaN", "-Infinity")],
    [uuid.UUID(int=5)] * 2,
    [pathlib.PurePosixPath("/a/b"), pathlib.PureWindowsPath("c:/a"), pathlib.Path("a")],
    [ValueError("no"), Exception(1, None, [2]), FileNotFoundError(2, "No such file", "x"), noted],
    collections.OrderedDict([("b", 1), ("a", 2)]),
    [array.array(code, [1, 2]) for code in "bBhHiIqQfd"],
    [os.getcwd, int, complex(1, 2), operator.attrgetter("a"), datetime.timedelta(1), utc],
]
if numpy:
    values += [
        [numpy.arange(6, dtype=code).reshape(2, 3) for code in ("i1", "<u2", ">i4", "f4", "f8")],
        [numpy.asfortranarray(numpy.eye(2)), numpy.float32(1.5), numpy.int64(2**60)],
    ]

print(json.dumps([pickle.dumps(value, protocol).hex() for value in values for protocol in range(6)]))
