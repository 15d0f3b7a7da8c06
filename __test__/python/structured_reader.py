"""Reads messages of the codec 'structured', written from docs/structured.md alone: what proves that the document is enough.

Prints, for each line of hex on its input, a line of JSON that describes the value: see `describe`.
"""

import json
import struct
import sys

VIEWS = (
    "DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array "
    "Float16Array Float32Array Float64Array BigInt64Array BigUint64Array"
).split()
ERRORS = "Error EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError".split()
ERROR_PARTS = ["name", "message", "stack", "cause", "errors", "code"]
ABSENT = ["absent"]


class Reader:
    """The values are described as lists that begin with their kind; objects are numbered as they begin."""

    def __init__(self, data):
        self.data = data
        self.at = 0
        self.shapes = []
        self.begun = 0

    def take(self, size):
        if size > len(self.data) - self.at:
            raise ValueError("the message ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def byte(self):
        return self.take(1)[0]

    def count(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def unpack(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def message(self):
        if self.byte() != 0xC1:
            raise ValueError("another version")
        numbered = self.data[self.at] == 0xE7
        self.at += numbered
        value = self.value()
        if self.at != len(self.data):
            raise ValueError("more follows")
        return value

    def begin(self):
        self.begun += 1

    def units(self, length, wide):
        return ["text", list(struct.unpack(f"<{length}{'H' if wide else 'B'}", self.take(length << wide)))]

    def number(self, value):
        return ["number", struct.pack("<d", value).hex()]

    def values(self, length):
        return [self.value() for _ in range(length)]

    def object(self, names):
        self.begin()
        return ["object", [[name, value] for name in names if (value := self.value()) != ABSENT]]

    def shape(self):
        size = self.count()
        end = self.at + size
        names = []
        for _ in range(self.byte()):
            length = self.count()
            names.append(self.units(length >> 1, length & 1))
        if self.at != end:
            raise ValueError("a shape has another size")
        self.shapes.append(names)
        return names

    def value(self):
        kind = self.byte()
        if kind <= 0x3F:
            return self.number(kind)
        if kind <= 0x7F:
            return self.units(kind - 0x40, 0)
        if kind <= 0xAF:
            return self.object(self.shapes[kind - 0x80])
        if kind <= 0xBF:
            self.begin()
            return ["array", self.values(kind - 0xB0)]
        return getattr(self, f"read_{kind:02x}")()

    def read_c0(self):
        return ["null"]

    def read_c2(self):
        return ["boolean", False]

    def read_c3(self):
        return ["boolean", True]

    def read_c4(self):
        return ["undefined"]

    def read_c5(self):
        return ABSENT

    def read_c6(self):
        return self.number(self.byte())

    def read_c7(self):
        return self.number(-1 - self.byte())

    def read_c8(self):
        return self.number(self.unpack("h"))

    def read_ca(self):
        return self.number(self.unpack("i"))

    def read_cb(self):
        return self.number(self.unpack("d"))

    def read_cc(self):
        return ["bigint", str(self.unpack("q"))]

    def read_cd(self):
        negative = self.byte()
        value = int.from_bytes(self.take(self.count()), "big")
        return ["bigint", str(-value if negative else value)]

    def read_ce(self):
        return self.units(self.count(), 0)

    def read_cf(self):
        return self.units(self.count(), 1)

    def read_d0(self):
        return self.object(self.shape())

    def read_d1(self):
        return self.object(self.shapes[self.count()])

    def read_d2(self):
        self.begin()
        pairs = [[self.value(), self.value()] for _ in range(self.count())]
        return ["object", [pair for pair in pairs if pair[1] != ABSENT]]

    def read_d3(self):
        self.begin()
        return ["array", self.values(self.count())]

    def read_d4(self):
        self.begin()
        elements = [ABSENT] * self.count()
        at = 0
        for _ in range(self.count()):
            at += self.count()
            elements[at] = self.value()
            at += 1
        return ["array", elements]

    def numbers(self, form):
        self.begin()
        return ["array", [self.number(self.unpack(form)) for _ in range(self.count())]]

    def read_d5(self):
        return self.numbers("b")

    def read_d6(self):
        return self.numbers("h")

    def read_d7(self):
        return self.numbers("i")

    def read_d8(self):
        return self.numbers("d")

    def read_d9(self):
        array = self.value()
        pairs = [[self.value(), self.value()] for _ in range(self.count())]
        return [*array, [pair for pair in pairs if pair[1] != ABSENT]]

    def read_da(self):
        self.begin()
        return ["Map", [[self.value(), self.value()] for _ in range(self.count())]]

    def read_db(self):
        self.begin()
        return ["Set", self.values(self.count())]

    def read_dc(self):
        self.begin()
        return ["Date", self.number(self.unpack("d"))]

    def read_dd(self):
        self.begin()
        return ["RegExp", self.value(), self.value()]

    def read_de(self):
        self.begin()
        return ["ArrayBuffer", self.take(self.count()).hex()]

    def read_df(self):
        self.begin()
        return ["Buffer", self.take(self.count()).hex()]

    def read_e0(self):
        self.begin()
        return [VIEWS[self.byte()], self.take(self.count()).hex()]

    def read_e1(self):
        self.begin()
        kind, parts = ERRORS[self.byte()], self.byte()
        own = [[name, self.value()] for bit, name in enumerate(ERROR_PARTS) if parts >> bit & 1]
        return ["error", kind, own, [[self.value(), self.value()] for _ in range(self.count())]]

    def read_e2(self):
        self.begin()
        return ["boxed", self.value()]

    def read_e3(self):
        self.begin()
        return ["URL", self.value()]

    def read_e4(self):
        self.begin()
        return ["DOMException", self.values(3)]

    def read_e9(self):
        self.begin()
        return ["SharedMemory", self.value()]

    def read_e6(self):
        number = self.count()
        if number >= self.begun:
            raise ValueError("no such object")
        return ["again", number]


sys.setrecursionlimit(20_000)
sys.set_int_max_str_digits(0) if hasattr(sys, "set_int_max_str_digits") else None
for line in sys.stdin:
    print(json.dumps(Reader(bytes.fromhex(line)).message()), flush=True)
