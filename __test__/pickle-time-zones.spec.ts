// Aware datetimes, whose time zones are the standard library's, pytz's and dateutil's: the moments that Python has for them.

import test from 'ava'
import { PythonTime } from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { type Interpreter, interpreters, oldVirtualEnvironment, virtualEnvironment } from './interpreters.ts'
import { picklePeers } from './pickle-peers.ts'

// dateutil's `tzlocal` is where the receiver is, too.
process.env['TZ'] = 'America/New_York'

const peers = picklePeers(test, async () => {
  const found = [await virtualEnvironment(), await oldVirtualEnvironment(), ...(await interpreters(6))]
  return found.filter((python): python is Interpreter => python !== undefined)
})
checkDescriptors(test)

/** Clock times at, before and after changes of many zones, and in other years and centuries. */
const TIMES = `[datetime.datetime(y, m, d, h, i, 5, 678000, fold=f) for y in (1800, 1950, 1975, 2024, 2037, 2100) for m, d in ((1, 1), (3, 10), (3, 31), (10, 27), (11, 3), (7, 1)) for h in (0, 1, 2, 3, 23) for i in (0, 30) for f in (0, 1)]`

/** The names of zones, and how each library makes them. */
const zones: [library: string, zone: string, among?: string][] = [
  ...['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC', 'Africa/Casablanca'].flatMap(
    (name): [string, string, string?][] => [
      ['zoneinfo', `zoneinfo.ZoneInfo('${name}')`],
      ['zoneinfo', `zoneinfo.ZoneInfo.no_cache('${name}')`],
      // It knows no rule for the time after 2037.
      ['dateutil', `dateutil.tz.gettz('${name}')`, 't.year < 2037'],
      ['pytz', `pytz.timezone('${name}')`, 't.year < 2037'],
    ],
  ),
  ['pytz', 'pytz.utc'],
  ['pytz', 'pytz.FixedOffset(-330)'],
  ['pytz', "pytz.timezone('Etc/GMT+5')"],
  ['dateutil', 'dateutil.tz.tzutc()'],
  ['dateutil', 'dateutil.tz.UTC'],
  ['dateutil', "dateutil.tz.tzoffset('X', -19800)"],
  ['dateutil', 'dateutil.tz.tzlocal()', 't.year > 2006 and t.year < 2037'],
  ['datetime', 'utc'],
  ['datetime', 'datetime.timezone(datetime.timedelta(hours=5, minutes=30), "X")'],
]

for (const [library, zone, among = 'True'] of zones) {
  test(`the moments of datetimes in ${zone} are Python's`, async (t) => {
    for (const peer of peers()) {
      if ((await peer.dumps(`'${library}' in globals()`, 4)) !== true) continue
      // pytz has its own way to say which of two equal times it is.
      const made =
        library === 'pytz' && !zone.includes('Fixed')
          ? 'zone.localize(t.replace(fold=0), is_dst=not t.fold)'
          : 't.replace(tzinfo=zone)'
      const statements = `zone = ${zone}\ntimes = [${made} for t in ${TIMES} if ${among}]\n`
      const seconds = `[(t - datetime.datetime(1970, 1, 1, tzinfo=utc)).total_seconds() for t in times]`
      const expected = (await peer.dumps(statements + seconds, 4)) as number[]
      t.true(expected.length > 100)
      for (const protocol of peer.protocols.filter((version) => version >= 4)) {
        const dates = (await peer.dumps(`${statements}times`, protocol)) as Date[]
        t.deepEqual(
          dates.map((date) => Math.round(date.getTime()) / 1000),
          expected.map((second) => Math.round(second * 1000) / 1000),
          `${peer.name}, protocol ${protocol}`,
        )
      }
      for (const protocol of [0, 1, 2, 3]) {
        const unfolded = `${statements}times = [t.replace(fold=0) for t in times]\n`
        t.deepEqual(
          ((await peer.dumps(`${unfolded}times`, protocol)) as Date[]).map((date) => date.getTime() / 1000),
          ((await peer.dumps(unfolded + seconds, 4)) as number[]).map((second) => Math.round(second * 1000) / 1000),
          `${peer.name}, protocol ${protocol}`,
        )
      }
    }
  })
}

test('a time without a date has no offset in a zone whose offset depends on the day', async (t) => {
  for (const peer of peers()) {
    if ((await peer.dumps("'zoneinfo' in globals()", 4)) !== true) continue
    for (const protocol of peer.protocols) {
      t.deepEqual(
        await peer.dumps("datetime.time(1, 2, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))", protocol),
        new PythonTime('01:02'),
      )
    }
  }
})

const refused: [string, string, RegExp][] = [
  [
    'a zone of a class of its own',
    'class Zone(datetime.tzinfo):\n  pass\nimport builtins\nZone.__module__ = "mine"\nimport types, sys\nsys.modules["mine"] = types.ModuleType("mine")\nsys.modules["mine"].Zone = Zone\ndatetime.datetime(2024, 1, 1, tzinfo=Zone())',
    /mine\.Zone/,
  ],
  ['a zone by itself', '[utc]', /datetime\.timezone/],
]

for (const [title, statements, message] of refused) {
  test(`${title} is refused by its name`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) {
        // `exec` takes the lines of a class only with what follows.
        const wrapped = statements.replaceAll(':\n  pass', ': pass')
        await t.throwsAsync(() => peer.dumps(wrapped, protocol), { code: 'ERR_CAROM_DECODE', message })
      }
    }
  })
}
