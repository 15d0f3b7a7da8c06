"""Prints pickles of everything that docs/pickle.md has a row for, and of some that it refuses, in all protocols, as JSON."""

import array
import collections
import datetime
import decimal
import fractions
import ipaddress
import json
import multiprocessing.pool
import operator
import os
import pathlib
import pickle
import queue
import re
import uuid
import zoneinfo

try:
    import dateutil.tz
    import numpy
    import pytz
except ImportError:
    numpy = None


class Record(list):
    pass


class Oops(Exception):
    pass


def raised():
    try:
        raise ValueError("no")
    except ValueError as error:
        return multiprocessing.pool.ExceptionWithTraceback(error, error.__traceback__)


record = Record([1, 2])
record.self = record
oops = Oops(record, (1.0, {"a": 2}))
oops.hint = oops

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
    [datetime.timedelta(1, 2, 3), datetime.time(1, 2, 3, 4), datetime.time(1, tzinfo=utc), 1 + 2j, fractions.Fraction(1, 2)],
    [range(3), slice(1, None), re.compile("a+", re.I), ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8")],
    [collections.deque([1, (2,)], 3), collections.Counter("aab"), collections.defaultdict(list, {1: [2]})],
    [datetime.datetime(2024, 10, 27, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"), fold=1)],
    [record, record, {"r": (record,)}],
    [oops, queue.Empty(), KeyError((1, [2.0])), OSError(2, "No", "f"), SyntaxError("no", ("f", 1, 2, "t")), raised()],
    [ExceptionGroup("two", [ValueError(1), KeyError("k")]), UnicodeDecodeError("utf-8", b"a", 0, 1, "why")],
    [os.getcwd, int, complex(1, 2), operator.attrgetter("a"), datetime.timedelta(1), utc],
]
if numpy:
    values += [
        [numpy.arange(6, dtype=code).reshape(2, 3) for code in ("i1", "<u2", ">i4", "f4", "f8")],
        [numpy.asfortranarray(numpy.eye(2)), numpy.float32(1.5), numpy.int64(2**60)],
        [numpy.array([[True, False]]), numpy.array([1.5], "f2"), numpy.array([1 + 2j]), numpy.array(["ab", "c"]).T],
        [numpy.array(["2024-01-01"], "M8[D]"), numpy.array([1], "m8[25s]"), numpy.bool_(True), numpy.str_("a")],
        [numpy.arange(8).reshape(2, 2, 2).transpose(1, 0, 2), numpy.array([None]), numpy.zeros(1, [("a", "i4")])],
        [datetime.datetime(2024, 1, 1, tzinfo=zone) for zone in (pytz.utc, pytz.FixedOffset(30), dateutil.tz.tzutc())],
        [datetime.datetime(2024, 1, 1, tzinfo=zone) for zone in (dateutil.tz.tzlocal(), dateutil.tz.tzoffset("X", 60))],
        pytz.timezone("Europe/Berlin").localize(datetime.datetime(2024, 1, 1)),
    ]

print(json.dumps([pickle.dumps(value, protocol).hex() for value in values for protocol in range(6)]))
