// The classes for Python's values: their contents, their text, and the arguments that they refuse.

import test from 'ava'
import {
  PythonComplex,
  PythonDateTime,
  PythonFloat,
  PythonFraction,
  PythonIPAddress,
  PythonObject,
  PythonPattern,
  PythonRange,
  PythonSlice,
  PythonTime,
  PythonTimeDelta,
  PythonTuple,
} from 'carom/python'

process.env['TZ'] = 'Europe/Berlin'

test('a PythonTuple is an array, and arrays derived from it are plain ones', (t) => {
  const tuple = PythonTuple.of(1, 2)
  t.true(Array.isArray(tuple))
  t.true(tuple instanceof PythonTuple)
  t.true(PythonTuple.from(new Set([1])) instanceof PythonTuple)
  t.deepEqual([...PythonTuple.from([1, 2], (n) => n * 2)], [2, 4])
  t.deepEqual([...PythonTuple.of(3)], [3])
  for (const made of [tuple.slice(), tuple.map(String), tuple.filter(Boolean), tuple.concat([3])]) {
    t.is(made.constructor, Array)
  }
})

const printed: [unknown, string][] = [
  [new PythonFloat(1), '1.0'],
  [new PythonFloat(-0), '-0.0'],
  [new PythonFloat(1e16), '1e+16'],
  [new PythonFloat(123456789012345680), '1.2345678901234568e+17'],
  [new PythonFloat(0.0001), '0.0001'],
  [new PythonFloat(0.00001), '1e-05'],
  [new PythonFloat(1234.5), '1234.5'],
  [new PythonFloat(-Infinity), '-inf'],
  [new PythonComplex(1, 2), '(1+2j)'],
  [new PythonComplex(0, -1.5), '-1.5j'],
  [new PythonComplex(-0, Number.NaN), '(-0+nanj)'],
  [new PythonFraction(2, -4), '-1/2'],
  [new PythonFraction(3), '3'],
  [new PythonRange(0, 3), 'range(0, 3)'],
  [new PythonRange(5n, 0n, -2n), 'range(5, 0, -2)'],
  [new PythonTimeDelta(0, 3661), '1:01:01'],
  [new PythonTimeDelta(1, 0, 5), '1 day, 0:00:00.000005'],
  [new PythonTimeDelta(0, 0, -1), '-1 day, 23:59:59.999999'],
  [new PythonTimeDelta(-2), '-2 days, 0:00:00'],
  [new PythonTime('03:04'), '03:04:00'],
  [new PythonTime('03:04:05.5'), '03:04:05.500000'],
  [new PythonTime('03:04:05Z'), '03:04:05+00:00'],
  [new PythonTime('03:04-05:30'), '03:04:00-05:30'],
  [new PythonDateTime('2026-01-02 03:04'), '2026-01-02T03:04:00'],
  [new PythonDateTime('2026-01-02T03:04:05.000006'), '2026-01-02T03:04:05.000006'],
  [new PythonIPAddress('10.0.0.1'), '10.0.0.1'],
  [new PythonIPAddress('10.0.0.0/8'), '10.0.0.0/8'],
  [new PythonIPAddress('10.0.0.1/8', 'IPv4Interface'), '10.0.0.1/8'],
  [new PythonIPAddress('2001:DB8:0:0:1::1'), '2001:db8::1:0:0:1'],
  [new PythonIPAddress('::ffff:1.2.3.4'), '::ffff:102:304'],
  [new PythonIPAddress('1:0:2:3:4:5:6:7'), '1:0:2:3:4:5:6:7'],
  [new PythonIPAddress('::'), '::'],
  [new PythonIPAddress('fe80::1%eth0'), 'fe80::1%eth0'],
]

for (const [value, text] of printed) {
  test(`a ${(value as object).constructor.name} prints ${text}, as Python does`, (t) => {
    t.is(String(value), text)
  })
}

test('Number() of a Python number is the nearest number', (t) => {
  t.is(Number(new PythonFloat(2)) + 1, 3)
  t.is(Number(new PythonFraction(1, 4)), 0.25)
  t.is(Number(new PythonFraction(3n ** 1000n, 2n * 3n ** 1000n + 2n)), 0.5)
  t.is(new PythonTimeDelta(1, 1, 1500).milliseconds, 86_401_001.5)
})

test('a PythonTimeDelta is kept as Python keeps it', (t) => {
  const { days, seconds, microseconds } = PythonTimeDelta.fromMilliseconds(-0.001)
  t.deepEqual({ days, seconds, microseconds }, { days: -1, seconds: 86_399, microseconds: 999_999 })
  t.is(PythonTimeDelta.fromMilliseconds(1234.567).microseconds, 234_567)
})

test('a PythonDateTime has the parts of a calendar and a clock, and the moment at which a clock here shows it', (t) => {
  const time = new PythonDateTime('2026-07-02T03:04:05.678009')
  t.like(time, { year: 2026, month: 7, day: 2, hour: 3, minute: 4, second: 5, microsecond: 678_009, fold: 0 })
  t.is(time.toDate().toISOString(), '2026-07-02T01:04:05.678Z')
  for (const [moment, fold] of [
    ['2024-10-27T00:30:00Z', 0],
    ['2024-10-27T01:30:00Z', 1],
  ] as const) {
    const twice = PythonDateTime.fromDate(new Date(moment))
    t.like(twice, { text: '2024-10-27T02:30:00', fold })
    t.is(twice.toDate().getTime(), Date.parse(moment))
  }
})

test('a PythonTime has the parts of a clock, and its offset', (t) => {
  const time = new PythonTime('03:04:05.000006-05:30')
  t.like(time, { hour: 3, minute: 4, second: 5, microsecond: 6, fold: 0 })
  t.is(time.offset?.milliseconds, -19_800_000)
  t.is(new PythonTime('03:04').offset, undefined)
})

test('a PythonRange is walked through', (t) => {
  t.deepEqual([...new PythonRange(0, 5, 2)], [0, 2, 4])
  t.deepEqual([...new PythonRange(2, 0n, -1)], [2n, 1n])
  t.deepEqual([...new PythonRange(2, 0)], [])
})

test('a slice, a pattern and an object hold the values that they are made of', (t) => {
  t.like(new PythonSlice(1), { start: 1, stop: null, step: null })
  t.like(new PythonPattern('a'), { pattern: 'a', flags: 32 })
  t.like(new PythonPattern(Buffer.from('a')), { flags: 0 })
  t.like(new PythonObject('m', 'N', [1], { a: 1 }), { module: 'm', name: 'N', args: [1], state: { a: 1 } })
  t.is(new PythonObject('m', 'f').args, undefined)
})

const refused: [string, () => unknown][] = [
  ['a float of text', () => new PythonFloat('1' as never)],
  ['a complex of text', () => new PythonComplex('1' as never)],
  ['a fraction of a fraction', () => new PythonFraction(0.5)],
  ['a fraction over 0', () => new PythonFraction(1, 0)],
  ['a range of fractions', () => new PythonRange(0, 1.5)],
  ['a range without a step', () => new PythonRange(0, 1, 0)],
  ['a timedelta of fractions', () => new PythonTimeDelta(0.5)],
  ['a timedelta of too many days', () => new PythonTimeDelta(1e9)],
  ['a time of 24 hours', () => new PythonTime('24:00')],
  ['a time that is none', () => new PythonTime('3:4')],
  ['a time of seven digits', () => new PythonTime('03:04:05.0000001')],
  ['a time with an offset that is none', () => new PythonTime('03:04+25:00')],
  ['a time with a fold that is none', () => new PythonTime('03:04', 2 as never)],
  ['a datetime with an offset', () => new PythonDateTime('2026-01-02T03:04Z')],
  ['a datetime of a day that there is not', () => new PythonDateTime('2026-02-30T00:00')],
  ['a datetime without a time', () => new PythonDateTime('2026-01-02')],
  ['a datetime of more', () => new PythonDateTime('2026-01-02T03:04 05')],
  ['an address that is none', () => new PythonIPAddress('10.0.0')],
  ['a network with more bits than its prefix', () => new PythonIPAddress('10.0.0.1/8')],
  ['a network with a prefix too long', () => new PythonIPAddress('10.0.0.0/33')],
  ['an address of the other version', () => new PythonIPAddress('::1', 'IPv4Address')],
  ['a pattern of a number', () => new PythonPattern(1 as never)],
  ['an object without a module', () => new PythonObject('', 'N')],
]

for (const [name, make] of refused) {
  test(`${name} is refused`, (t) => {
    const error = t.throws(make)
    t.true(error instanceof TypeError || error instanceof RangeError)
  })
}
