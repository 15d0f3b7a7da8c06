// Compiled, never run: uses that the typings allow, and with @ts-expect-error uses that they refuse.

import { connect, pipe } from 'carom'
import {
  ndarray,
  type NumpyArray,
  pickle,
  type PickleCodec,
  type PickleOptions,
  PythonComplex,
  PythonDateTime,
  PythonError,
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

/** Compiles only if both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare const same: <A, B>(are: Same<A, B>) => void

const options: PickleOptions = {
  tuples: true,
  naive: true,
  unknown: 'object',
  forward: false,
  exceptions: ['app.Failure'],
  classes: {
    'app.Point': (args, state, object) => {
      same<typeof args, unknown[]>(true)
      same<typeof state, unknown>(true)
      same<typeof object, PythonObject>(true)
      return args
    },
  },
}
const codec: PickleCodec = pickle(options)
pickle()
pickle({ tuples: undefined })
// @ts-expect-error: there are two ways to treat what is unknown
pickle({ unknown: 'ignore' })
// @ts-expect-error: no option has that name
pickle({ tuple: true })

// By itself, and as the codec of a connection.
const bytes: Uint8Array = codec.encode([PythonTuple.of(1, 2), new PythonFloat(1)])
const value = codec.decode(bytes)
same<typeof value, unknown>(true)
const [here] = pipe({ codec })
await connect('/tmp/socket', { codec: pickle({ naive: true }) })
await here.send({ pair: PythonTuple.from(['a', 'b']) })

// An array keeps its own type, and has a shape.
const image = ndarray(new Float32Array(6), [2, 3])
same<typeof image.shape, readonly number[]>(true)
const width: number = image.length
const any: NumpyArray = ndarray(new BigInt64Array(2), [2], 'datetime64[ns]')
const dtype: string | undefined = any.dtype
// @ts-expect-error: a plain array has no numbers of one type
ndarray([1, 2, 3])

const pair = PythonTuple.of<number | string>(1, 'a')
const first: number | string | undefined = pair[0]
const plain: (number | string)[] = pair.slice(0, 1)
const fraction: bigint = new PythonFraction(1, 3).denominator
const naive: PythonDateTime = new PythonDateTime('2026-01-02T03:04:05.000006')
const span: number = new PythonTimeDelta(1).days
void [
  new PythonObject('app', 'Point', [1]).name,
  new PythonComplex(1, 2).imag,
  new PythonRange(0, 3).stop,
  new PythonSlice(1).start,
  new PythonTime('01:02'),
]
void [new PythonIPAddress('127.0.0.1'), new PythonPattern('a+').flags]
// @ts-expect-error: text has no real part
new PythonComplex('1')

try {
  await here.recv()
} catch (error) {
  if (error instanceof PythonError) {
    const { module, args }: { module: string; args: unknown[] } = error
    void [module, args]
  }
}
void [width, dtype, first, plain, fraction, naive, span]
