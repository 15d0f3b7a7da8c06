// Exceptions that Python sends: the classes taken for exceptions, their messages, and their contents.

import test from 'ava'
import { pickle, type PickleOptions, PythonError, PythonObject } from 'carom/python'
import { checkDescriptors } from './descriptors.ts'
import { errorOf } from '../src/codecs/pickle/read/error.ts'
import { interpreters } from './interpreters.ts'
import { type PicklePeer, picklePeers } from './pickle-peers.ts'

const peers = picklePeers(test, () => interpreters(6))
checkDescriptors(test)

async function read(peer: PicklePeer, statements: string, protocol: number, options?: PickleOptions): Promise<unknown> {
  return pickle(options).decode(await peer.pickled(statements, protocol))
}

/** Expressions for exceptions, whose messages are compared with Python's `str()`. */
const printed =
  `Exception() Exception('a') Exception("it's") Exception(1) Exception(1.0) Exception(-0.0) Exception(1e16) Exception(1e-5)
  Exception(0.1) Exception(2**70) Exception(float('nan')) Exception(True) Exception(None) Exception(b'a\\x00\\'"') Exception([]) Exception(())
  Exception((1,)) Exception((1,2)) Exception([1,(2.0,),"it's"]) Exception({}) Exception({'a':(1,)}) Exception({1.0:[2]}) Exception(set())
  Exception({1}) Exception(frozenset()) Exception(frozenset([1.0])) Exception(bytearray(b'a')) Exception('a','b') Exception('a',1,2.0,None)
  Exception((1,),[2]) Exception("\\n\\t\\\\\\x00é漢\\u200b\\ud800🎱",'x') Exception(int) Exception(ValueError('a')) Exception(ValueError('a'),KeyError('b'))
  Exception(decimal.Decimal('1.50')) Exception(decimal.Decimal('1.50'),1) Exception(uuid.UUID(int=5),1) Exception(datetime.date(2024,1,2),1)
  Exception(datetime.date(2024,1,2)) Exception(datetime.datetime(2024,1,2,3,4)) Exception(datetime.datetime(2024,1,2,3,4,5,6),1)
  Exception(datetime.timedelta(1,2,3),1) Exception(datetime.timedelta(1)) Exception(datetime.timedelta(0),0) Exception(datetime.time(1,2,3),1) Exception(complex(1,2)) Exception(complex(1,2),1)
  Exception(fractions.Fraction(1,2)) Exception(fractions.Fraction(1,2),1) Exception(range(3),1) Exception(slice(1,None),1)
  Exception(ipaddress.ip_address('10.0.0.1'),1) Exception(ipaddress.ip_address('10.0.0.1')) Exception(pathlib.PurePosixPath('a')) Exception(pathlib.PurePosixPath('a'),1)
  Exception(collections.deque([1,(2,)])) Exception([[[1.0]]]) Exception('a'*300,'b') Exception('x',"it's",'"','\\'"')
  BaseException('a') ArithmeticError('a') AssertionError('a',1) AttributeError('a') BufferError('a') EOFError() FloatingPointError('a')
  GeneratorExit() ImportError('a') ImportError('a','b') ImportError() IndexError('a') KeyError('k') KeyError("it's") KeyError(1) KeyError(1.0) KeyError((1,2))
  KeyError() KeyError('a','b') KeyError(None) KeyboardInterrupt() LookupError('a') MemoryError() ModuleNotFoundError('a') NameError('a')
  NotImplementedError('a') OverflowError('a') RecursionError('a') ReferenceError('a') RuntimeError('a') StopAsyncIteration(1) StopIteration((1,))
  StopIteration(1.0) SystemError('a') SystemExit(3) SystemExit('a') TypeError('a') UnboundLocalError('a') UnicodeError('a') ValueError('a') ZeroDivisionError('a')
  Warning('a') BytesWarning('a') DeprecationWarning('a') FutureWarning('a') ImportWarning('a') PendingDeprecationWarning('a') ResourceWarning('a')
  RuntimeWarning('a') SyntaxWarning('a') UnicodeWarning('a') UserWarning('a')
  OSError() OSError('a') OSError(2) OSError(2,'No') OSError(2,'No','file') OSError(2,'No',b'file') OSError(2,'No',"it's") OSError(2,'No','a',None,'b')
  OSError(2,'No',None) OSError(2,None) OSError(None,None) OSError('a','b') OSError('a','b','c') OSError(1,2,3,4,5,6) OSError(99999,'No') OSError(2,'No',3)
  BlockingIOError(11,'No',5) BlockingIOError('a') BrokenPipeError(32,'No') ChildProcessError(10,'No') ConnectionError('a') ConnectionAbortedError(103,'No')
  ConnectionRefusedError(111,'No') ConnectionResetError(104,'No') FileExistsError(17,'No','f') FileNotFoundError(2,'No','f') InterruptedError(4,'No')
  IsADirectoryError(21,'No','f') NotADirectoryError(20,'No','f') PermissionError(13,'No','f') ProcessLookupError(3,'No') TimeoutError(110,'No') TimeoutError()
  TimeoutError('a') SyntaxError() SyntaxError('a') SyntaxError('a',('/x/f.py',3,4,'text')) SyntaxError('a',(None,3,4,'text')) SyntaxError('a',('f',None,4,'text'))
  SyntaxError('a',(None,None,None,None)) SyntaxError(None) SyntaxError(1) SyntaxError('a',('f',3,4,'text'),3)
  IndentationError('a',('f',3,4,'text')) TabError('a',('f',3,4,'text'))
  UnicodeDecodeError('utf-8',b'abc',0,1,'why') UnicodeDecodeError('utf-8',b'abc',0,2,'why') UnicodeDecodeError('utf-8',b'a',0,1,"it's")
  UnicodeDecodeError('utf-8',bytearray(b'\\xff\\x00'),0,1,'why') UnicodeEncodeError('ascii','é',0,1,'why') UnicodeEncodeError('ascii','a漢b',1,2,'why')
  UnicodeEncodeError('ascii','🎱🎱é',2,3,'why') UnicodeEncodeError('ascii','🎱',0,1,'why') UnicodeEncodeError('ascii','ab',0,2,'why') UnicodeEncodeError('ascii','\\n',0,1,'why')
  UnicodeTranslateError('é',0,1,'why') UnicodeTranslateError('ab',0,2,'why') UnicodeTranslateError('🎱',0,1,'why')`
    .split(/[ \n]+(?=[A-Z]\w+\()/)
    .map((expression) => expression.trim())

for (const expression of printed) {
  test(`the message of ${expression} is what Python prints of it`, async (t) => {
    // Python 3.6 prints some arguments in another way.
    for (const peer of peers().filter(({ version }) => version > 6)) {
      for (const protocol of peer.protocols) {
        // Its pickle names the class that unpickling gives: up to protocol 2, some classes are those of Python 2.
        const loaded = `x = pickle.loads(pickle.dumps(${expression}, ${protocol}))`
        const [expected, name] = (await peer.dumps(`${loaded}\n[str(x), type(x).__name__]`, 4)) as [string, string]
        const error = (await read(peer, expression, protocol)) as PythonError
        t.true(error instanceof PythonError && error instanceof Error)
        t.is(error.message, expected, `${peer.name}, protocol ${protocol}`)
        t.is(error.module, 'builtins')
        t.is(error.name, name)
      }
    }
  })
}

test('every exception that Python has itself is one', async (t) => {
  const made = `def every():
  found, todo = [], [BaseException]
  while todo:
    cls = todo.pop()
    todo += cls.__subclasses__()
    if cls.__module__ == "builtins" and cls.__name__[0] != "_" and cls.__name__ != "RecursingInfinitelyError":
      name = cls.__name__
      args = {"UnicodeDecodeError": ("a", b"", 0, 1, "why"), "UnicodeEncodeError": ("a", "", 0, 1, "why"),
        "UnicodeTranslateError": ("a", 0, 1, "why"), "ExceptionGroup": ("a", [ValueError(1)]),
        "BaseExceptionGroup": ("a", [KeyboardInterrupt(1)])}.get(name, ("a",))
      found.append(cls(*args))
  return found
every()`
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const loaded = made.replace(/every\(\)$/, `v = pickle.loads(pickle.dumps(every(), ${protocol}))`)
      const [names, texts] = (await peer.dumps(
        `${loaded}\n([type(e).__name__ for e in v], [str(e) for e in v])`,
        4,
      )) as [string[], string[]]
      t.true(names.length > 60)
      const errors = (await read(peer, made, protocol)) as PythonError[]
      t.deepEqual(
        errors.map(({ name }) => name),
        names,
        `${peer.name}, protocol ${protocol}`,
      )
      t.deepEqual(
        errors.map(({ message }) => message),
        texts,
      )
      t.true(errors.every((error) => error instanceof PythonError && error.module === 'builtins'))
    }
  }
})

test('a group has its exceptions', async (t) => {
  for (const peer of peers().filter(({ version }) => version >= 11)) {
    for (const protocol of peer.protocols) {
      const group = (await read(
        peer,
        "ExceptionGroup('two', [ValueError('a'), ExceptionGroup('one', [KeyError('b')])])",
        protocol,
      )) as PythonError
      t.is(group.message, 'two (2 sub-exceptions)')
      const [first, second] = group.exceptions as [PythonError, PythonError]
      t.is(first.message, 'a')
      t.is(second.message, 'one (1 sub-exception)')
      t.is((second.exceptions as PythonError[])[0]?.message, "'b'")
    }
  }
})

const known: [string, string, { name: string; module: string; message: string; args: unknown[] }][] = [
  [
    "a class of one's own whose name ends like one",
    "OopsError('no', 1)",
    { name: 'OopsError', module: '__main__', message: "('no', 1)", args: ['no', 1] },
  ],
  [
    'a class inside of another',
    "Outer.InnerError('no')",
    { name: 'Outer.InnerError', module: '__main__', message: 'no', args: ['no'] },
  ],
  [
    'a class that is called and then given a dict',
    "e = Oops('no')\ne.hint = 1\ne",
    { name: 'Oops', module: '__main__', message: 'no', args: ['no'] },
  ],
  [
    'one of json',
    "import json\njson.JSONDecodeError('no', 'x', 0)",
    { name: 'JSONDecodeError', module: 'json.decoder', message: "('no', 'x', 0)", args: ['no', 'x', 0] },
  ],
  ['queue.Empty', 'import queue\nqueue.Full()', { name: 'Full', module: 'queue', message: '', args: [] }],
  [
    'one whose name says nothing',
    "import struct\nstruct.error('no')",
    { name: 'error', module: 'struct', message: 'no', args: ['no'] },
  ],
  [
    'one of decimal',
    "decimal.InvalidOperation('no')",
    { name: 'InvalidOperation', module: 'decimal', message: 'no', args: ['no'] },
  ],
  [
    'one of multiprocessing',
    "import multiprocessing\nmultiprocessing.TimeoutError('no')",
    { name: 'TimeoutError', module: 'multiprocessing.context', message: 'no', args: ['no'] },
  ],
  [
    'one of subprocess',
    "import subprocess\nsubprocess.CalledProcessError(1, ['ls'])",
    { name: 'CalledProcessError', module: 'subprocess', message: "(1, ['ls'])", args: [1, ['ls']] },
  ],
]

for (const [title, statements, expected] of known) {
  test(`taken for an exception: ${title}`, async (t) => {
    for (const peer of peers()) {
      for (const protocol of peer.protocols) {
        const error = (await read(peer, statements, protocol)) as PythonError
        t.true(error instanceof PythonError, `${peer.name}, protocol ${protocol}`)
        const { name, module, message, args } = error
        t.deepEqual({ name, module, message, args }, expected, `${peer.name}, protocol ${protocol}`)
      }
    }
  })
}

test('taken for an exception: the classes in the option exceptions', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const error = (await read(peer, "Oops('no')", protocol, { exceptions: ['__main__.Oops'] })) as PythonError
      t.like(error, { name: 'Oops', module: '__main__', message: 'no' })
      await t.throwsAsync(() => read(peer, "Oops('no')", protocol), { message: /__main__\.Oops/ })
    }
  }
})

test('attributes set on an exception arrive as its attributes, and its arguments as its args', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const error = (await read(peer, "e = ValueError('no', (1, 2))\ne.hint = ['try', e]\ne", protocol)) as PythonError
      t.deepEqual(error.args, ['no', [1, 2]])
      const { hint } = error.attributes as { hint: unknown[] }
      t.is(hint[0], 'try')
      t.is(hint[1], error)
      t.is(error.stack, "ValueError: ('no', (1, 2))")
    }
  }
})

test('the attributes that Python itself gives an ImportError come along', async (t) => {
  for (const peer of peers()) {
    const error = (await read(peer, "ImportError('no', name='x', path='/y')", 4)) as PythonError
    t.like(error.attributes, { name: 'x', path: '/y' })
  }
})

test('an exception never costs the message that it is in, whatever it holds', async (t) => {
  const statements = `e = OopsError(Unknown(), int, utc, function, Color.RED, [Point(1, 2)], Bag([1]))
e.culprit = {'response': Record(a=1), 'again': e}
[1, e, {'and': e}]`
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const [one, error, { and }] = (await read(peer, statements, protocol)) as [number, PythonError, { and: unknown }]
      t.is(one, 1)
      t.is(and, error)
      t.is(error.name, 'OopsError')
      for (const arg of error.args.slice(0, 5)) t.true(arg instanceof PythonObject, `${peer.name}, ${protocol}`)
      const { culprit } = error.attributes as { culprit: { response: PythonObject; again: unknown } }
      t.like(culprit.response, { module: '__main__', name: 'Record', state: { a: 1 } })
      t.is(culprit.again, error)
      t.regex(error.message, /^\(<__main__\.Unknown object>, <class 'int'>, /)
    }
  }
})

test('a value that only an exception may hold is refused elsewhere, in any order', async (t) => {
  for (const peer of peers()) {
    for (const statements of [
      'x = Unknown()\n[ValueError(x), x]',
      'x = Unknown()\n[x, ValueError(x)]',
      'x = [Unknown()]\n(ValueError(x), x)',
    ]) {
      for (const protocol of peer.protocols) {
        await t.throwsAsync(() => read(peer, statements, protocol), { message: /__main__\.Unknown/ })
      }
    }
  }
})

test('a SimpleNamespace is no exception, though it is made as one with attributes is', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const statements = 'import types\ntypes.SimpleNamespace(a=1)'
      await t.throwsAsync(() => read(peer, statements, protocol), { message: /types\.SimpleNamespace/ })
      const value = await read(peer, statements, protocol, { unknown: 'object' })
      t.like(value, { module: 'types', name: 'SimpleNamespace', state: { a: 1 } })
    }
  }
})

test('a value in the place where a protocol puts an exception can be made one, whatever its class', async (t) => {
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const object = (await read(peer, "Oops('it', 2)", protocol, { unknown: 'object' })) as PythonObject
      t.true(object instanceof PythonObject)
      const error = errorOf(object)
      t.like(error, { module: '__main__', name: 'Oops', message: "('it', 2)", args: ['it', 2] })
      t.true(error.stack!.startsWith("Oops: ('it', 2)"))
    }
  }
})

test('an exception of a pool of processes has the traceback as its cause', async (t) => {
  const statements = `import multiprocessing.pool as p
def fail():
  try:
    1 / 0
  except Exception as e:
    return p.ExceptionWithTraceback(e, e.__traceback__)
fail()`
  for (const peer of peers()) {
    for (const protocol of peer.protocols) {
      const error = (await read(peer, statements, protocol)) as PythonError
      t.like(error, { name: 'ZeroDivisionError', message: 'division by zero' })
      t.true(error.cause instanceof PythonError)
      t.regex((error.cause as PythonError).message, /Traceback/)
    }
  }
})

test('a message of a million characters is one, and a value that contains itself is printed once', async (t) => {
  for (const peer of peers()) {
    const long = (await read(peer, "ValueError('a' * 1000000)", 4)) as PythonError
    t.is(long.message.length, 1_000_000)
    for (const statements of [
      'x = []\nx.append(x)\nValueError(x)',
      "x = {}\nx['x'] = x\nValueError(x, 1)",
      'x = []\ny = (x, 1)\nx.append(y)\nKeyError(y)',
    ]) {
      const error = (await read(peer, statements, 4)) as PythonError
      const [last, ...before] = statements.split('\n').toReversed()
      t.is(error.message, (await peer.dumps([...before.toReversed(), `str(${last})`].join('\n'), 4)) as string)
    }
  }
})
