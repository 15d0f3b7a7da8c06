"""Serves the functions of a module to the other end of a connection, by the messages of docs/calls.md.

Runs in every Python from 3.8 on, with nothing but its standard library. One event loop, on the main thread, reads the
connection, runs `async def` functions side by side, and plain ones one after the other, or on threads of their own.
"""

import asyncio
import collections
import inspect
import os
import pickle
import select
import struct
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from carom_attaching import loads

CALL, RESULT, ERROR, STREAM, ITEM, END, ABORT, CREDIT = range(8)

# How many causes of an exception, and exceptions inside exceptions, are told.
DEPTH = 8
# How many exceptions of a group are told, and how many in all: one may be inside many others.
INNER_MAX = 100
FORMS_MAX = 1000
# For how many seconds short plain functions run one after the other before the event loop does something else.
TURN = 0.001
# How many bytes are better not copied.
LONG = 1 << 17
# Types whose values are neither awaitable nor streams, which is asked of others.
PLAIN = {type(None), bool, int, float, str, bytes, list, tuple, dict}
# The greatest whole number of JavaScript's, and how much of a name that nothing has is told.
ID_MAX = (1 << 53) - 1
NAME_MAX = 100
# Stands for no value at all.
NOTHING = object()


def functions_of(module):
    """What may be called: what `__all__` names, else the module's own functions without a leading underscore; no classes."""
    names = getattr(module, '__all__', None)
    if names is None:
        names = [
            name
            for name, value in vars(module).items()
            if not name.startswith('_') and getattr(value, '__module__', None) == module.__name__
        ]
    found = {name: getattr(module, name) for name in names}
    return {name: value for name, value in found.items() if callable(value) and not inspect.isclass(value)}


def form_of(error, depth=0, told=None):
    """An exception as plain values. `told`: those that are told already."""
    told = [] if told is None else told
    if error is None or depth > DEPTH or len(told) >= FORMS_MAX:
        return None
    told.append(error)
    kind = type(error)
    form = {
        'name': kind.__name__,
        'module': kind.__module__,
        'message': text_of(error),
        'args': [plain(each) for each in error.args],
        'traceback': ''.join(traceback.format_exception(kind, error, without_ours(error.__traceback__), chain=depth == 0)),
    }
    cause = form_of(error.__cause__, depth + 1, told)
    context = None if error.__suppress_context__ else form_of(error.__context__, depth + 1, told)
    if cause:
        form['cause'] = cause
    if context and not cause:
        form['context'] = context
    inner = getattr(error, 'exceptions', None)
    if isinstance(inner, (list, tuple)):
        forms = [form_of(each, depth + 1, told) for each in inner[:INNER_MAX] if isinstance(each, BaseException)]
        form['exceptions'] = [each for each in forms if each is not None]
    return form


def text_of(error):
    try:
        return str(error)
    except Exception:
        return ''


def plain(value):
    """An argument of an exception, as it is where that is simple, else as text."""
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


def without_ours(tb):
    """The traceback from the first frame on that is not this file's."""
    while tb is not None and tb.tb_frame.f_code.co_filename == without_ours.__code__.co_filename:
        tb = tb.tb_next
    return tb


def check(message):
    """Raises a `ValueError` where what has arrived is no message of calls. Answers are some: they are dropped."""
    if type(message) not in (list, tuple):
        raise ValueError('it is no array')
    size = len(message)
    kind = message[0] if size > 0 else None
    if type(kind) is not int or not CALL <= kind <= CREDIT:
        raise ValueError('its first item is no kind of message')
    identity = message[1] if size > 1 else None
    if type(identity) is not int or not 0 <= identity <= ID_MAX:
        raise ValueError('its second item is no id of a call')
    if kind == CALL:
        if size < 3 or type(message[2]) is not str:
            raise ValueError('the name of the function is no text')
        if size < 4 or type(message[3]) not in (list, tuple):
            raise ValueError('the arguments are no array')
        if size > 4 and message[4] is not None and type(message[4]) is not dict:
            raise ValueError('the arguments by name are no object')
    elif kind == CREDIT:
        count = message[2] if size > 2 else None
        if type(count) is not int or not 1 <= count <= ID_MAX:
            raise ValueError('the credit is no positive number')


class Running:
    """A call that is under way, or waits for its turn."""

    __slots__ = 'id', 'function', 'args', 'kwargs', 'given_up', 'task', 'begun', '_credit', '_changed'

    def __init__(self, identity, function, args, kwargs):
        self.id = identity
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.given_up = False
        self.task = None
        # Whether the task has taken its first step.
        self.begun = False
        self._credit = 0
        # Made by a stream that waits.
        self._changed = None

    def call(self):
        return self.function(*self.args, **self.kwargs)

    def give_up(self):
        self.given_up = True
        if self._changed:
            self._changed.set()
        # A task that is cancelled before its first step never takes one: it could not say that the call is over.
        if self.begun:
            self.task.cancel()

    def add_credit(self, count):
        self._credit += count
        if self._changed:
            self._changed.set()

    async def take_credit(self):
        """Waits until the caller takes one more item; whether it does."""
        while self._credit == 0 and not self.given_up:
            self._changed = self._changed or asyncio.Event()
            self._changed.clear()
            await self._changed.wait()
        self._credit -= 1
        return not self.given_up


class Frames:
    """The messages on a socket, many of which one read takes, and writing one."""

    # The bytes of one read. A message that is longer is read into memory of its own.
    READ = 65536

    def __init__(self, fd):
        self._fd = fd
        self._rest = b''
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def ready(self):
        """Whether something is there to read."""
        return bool(self._poll.poll(0))

    def read(self):
        """The messages that are there, and the rest of one that has begun and is long. Raises `EOFError` at the end."""
        data = os.read(self._fd, self.READ)
        if not data:
            raise EOFError
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        messages = []
        while end - at >= 4:
            size = int.from_bytes(data[at : at + 4], 'big')
            start = at + 4
            if size == 0xFFFFFFFF:
                if end - at < 12:
                    break
                size = int.from_bytes(data[at + 4 : at + 12], 'big')
                start = at + 12
            elif size > 0x7FFFFFFF:
                raise ValueError('a message has the length %d' % (size - (1 << 32)))
            if start + size > end:
                if size <= self.READ:
                    break
                messages.append(self._read_long(data[start:end], size))
                at = end
                break
            messages.append(data[start : start + size])
            at = start + size
        self._rest = data[at:]
        return messages

    def _read_long(self, begun, size):
        message = bytearray(size)
        view = memoryview(message)
        at = len(begun)
        view[:at] = begun
        while at < size:
            count = os.readv(self._fd, [view[at:]])
            if count == 0:
                raise EOFError
            at += count
        return message

    def write(self, parts):
        """Writes one message, which `parts` together are."""
        size = sum(map(len, parts))
        header = struct.pack('!i', size) if size <= 0x7FFFFFFF else struct.pack('!iQ', -1, size)
        if len(parts) == 1 and size < 16384:
            view = header + parts[0]
            done = os.write(self._fd, view)
            if done < len(view):
                self._write_all([view[done:]])
        else:
            self._write_all([header, *parts])

    def _write_all(self, parts):
        parts = [memoryview(part).cast('B') for part in parts if len(part)]
        while parts:
            done = os.writev(self._fd, parts[:16])
            while parts and done >= len(parts[0]):
                done -= len(parts.pop(0))
            if done:
                parts[0] = parts[0][done:]


class Parts(list):
    """A file for a pickle: what is long in it is kept as it is, and not copied."""

    def write(self, data):
        self.append(data if isinstance(data, bytes) else memoryview(data).cast('B'))


class Server:
    """Answers the calls of `functions` that arrive on `connection`, until its end."""

    def __init__(self, connection, functions, threads=None, concurrency=1000):
        self._connection = connection
        self._frames = None
        self._functions = {name: (each, is_asynchronous(each)) for name, each in functions.items()}
        self._threads = ThreadPoolExecutor(threads, 'carom-call') if threads else None
        self._most = 2 * concurrency
        self._running = {}
        # What a thread has read, where the event loop can't watch the connection.
        self._arrived = collections.deque()
        # Plain functions that wait for the main thread.
        self._queue = collections.deque()

    def run(self):
        """Serves on this thread. Raises what was wrong where the peer sends anything but calls."""
        asyncio.run(self._serve())

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._fault = None
        if os.name == 'nt':
            # Its event loop does not watch pipes.
            threading.Thread(target=self._read_blocking, name='carom-reader', daemon=True).start()
        else:
            self._frames = Frames(self._connection.fileno())
            self._loop.add_reader(self._connection.fileno(), self._read_if_ready)
        await self._over.wait()
        if self._threads:
            self._threads.shutdown(wait=False)
        if self._fault:
            raise self._fault

    # Reading.

    def _read_if_ready(self):
        """Takes what is there, unless a plain function's turn has taken it since the event loop looked."""
        if not self._frames:
            while self._arrived and not self._over.is_set():
                self._take(self._arrived.popleft())
        elif not self._over.is_set() and self._frames.ready():
            self._read()

    def _read(self):
        """Takes what is there. It would block where nothing is."""
        try:
            for data in self._frames.read():
                self._take(loads(data))
                if self._over.is_set():
                    return
        except (EOFError, OSError):
            self._end(None)
        except Exception as error:
            self._end(error)

    def _read_blocking(self):
        try:
            while True:
                self._arrived.append(loads(self._connection.recv_bytes()))
                self._loop.call_soon_threadsafe(self._read_if_ready)
        except (EOFError, OSError):
            error = None
        except Exception as caught:
            error = caught
        try:
            self._loop.call_soon_threadsafe(self._end, error)
        except RuntimeError:
            # The loop is closed: the program ends by itself.
            pass

    def _end(self, fault):
        for running in self._running.values():
            running.give_up()
        if self._frames:
            self._loop.remove_reader(self._connection.fileno())
        self._fault = self._fault or fault
        self._over.set()

    def _take(self, message):
        try:
            check(message)
        except ValueError as error:
            self._end(ValueError('malformed call message: %s; does the peer speak carom/calls?' % error))
            return
        kind, identity = message[0], message[1]
        if kind == CALL:
            self._begin(identity, *message[2:5])
            return
        running = self._running.get(identity)
        if not running:
            return
        if kind == ABORT:
            running.give_up()
        elif kind == CREDIT:
            running.add_credit(message[2])

    def _begin(self, identity, name, args, kwargs=None):
        if identity in self._running:
            self._end(ValueError('malformed call message: two calls at once have the id %d' % identity))
            return
        function, asynchronous = self._functions.get(name, (None, False))
        if function is None:
            known = ', '.join(self._functions)
            if len(name) > NAME_MAX:
                name = name[:NAME_MAX] + '…'
            text = "there is no function '%s' here; there are: %s" % (name, known)
            self._post((ERROR, identity, {'name': 'ReferenceError', 'message': text}))
            return
        if len(self._running) >= self._most:
            text = '%d calls run or wait here: call again later' % self._most
            self._post((ERROR, identity, {'name': 'BusyError', 'message': text, 'code': 'ERR_CAROM_BUSY'}))
            return
        running = self._running[identity] = Running(identity, function, args, kwargs or {})
        if asynchronous or self._threads:
            running.task = self._loop.create_task(self._run(running, in_thread=not asynchronous))
        else:
            self._queue.append(running)
            if len(self._queue) == 1:
                self._loop.call_soon(self._run_waiting)

    # Calling.

    def _run_waiting(self):
        """Runs the plain functions that wait. An abort that has arrived is known before each."""
        end = time.monotonic() + TURN
        while not self._over.is_set():
            self._run_plain(self._queue[0])
            if len(self._queue) > 1:
                self._read_if_ready()
            # It was in the queue until now, so that what was read has not begun to run the queue once more.
            self._queue.popleft()
            if not self._queue:
                return
            if time.monotonic() > end:
                self._loop.call_soon(self._run_waiting)
                return

    def _run_plain(self, running):
        """Runs a plain function. What it returns may take longer: an awaitable, or a stream."""
        if running.given_up:
            del self._running[running.id]
            return
        try:
            result = running.call()
        except (Exception, SystemExit) as error:
            self._over_with(running, error)
            return
        if type(result) not in PLAIN and (inspect.isawaitable(result) or items_of(result)):
            running.task = self._loop.create_task(self._run(running, result))
            return
        try:
            self._answer(running, result)
        except Exception as error:
            self._over_with(running, error)
        else:
            del self._running[running.id]

    async def _run(self, running, result=NOTHING, in_thread=False):
        running.begun = True
        try:
            if running.given_up:
                if hasattr(result, 'close'):
                    result.close()
                raise asyncio.CancelledError
            if result is NOTHING:
                if in_thread:
                    result = await self._loop.run_in_executor(self._threads, running.call)
                else:
                    result = running.call()
            if inspect.isawaitable(result):
                result = await result
            items = items_of(result)
            if items:
                await self._stream(running, items)
            else:
                self._answer(running, result)
            del self._running[running.id]
        except asyncio.CancelledError as error:
            self._over_with(running, error)
        except (Exception, SystemExit) as error:
            self._over_with(running, error)

    async def _stream(self, running, items):
        self._post((STREAM, running.id))
        asynchronous = hasattr(items, '__anext__')
        end = time.monotonic() + TURN
        try:
            while await running.take_credit():
                if asynchronous:
                    try:
                        item = await items.__anext__()
                    except StopAsyncIteration:
                        break
                elif self._threads:
                    item = await self._loop.run_in_executor(self._threads, next, items, NOTHING)
                else:
                    item = next(items, NOTHING)
                if item is NOTHING:
                    break
                if not running.given_up:
                    self._post((ITEM, running.id, item))
                # Neither a generator nor the credit for it need ever let anything else happen.
                if time.monotonic() > end:
                    await asyncio.sleep(0)
                    end = time.monotonic() + TURN
            if not running.given_up:
                self._post((END, running.id))
        finally:
            if not asynchronous:
                items.close()
            elif hasattr(items, 'aclose'):
                await items.aclose()

    # Answering.

    def _answer(self, running, result):
        if not running.given_up:
            self._post((RESULT, running.id) if result is None else (RESULT, running.id, result))

    def _over_with(self, running, error):
        """The call has failed. A function that ends the program does so, once its caller has heard of it."""
        del self._running[running.id]
        if not running.given_up:
            self._post((ERROR, running.id, form_of(error)))
        if isinstance(error, SystemExit):
            self._end(error)

    def _post(self, message):
        if self._frames and is_long(message[-1]):
            parts = Parts()
            pickle.Pickler(parts, 5).dump(message)
        else:
            parts = [pickle.dumps(message, 4)]
        try:
            if self._frames:
                self._frames.write(parts)
            else:
                self._connection.send_bytes(parts[0])
        except OSError:
            # Nobody is there any more to read the answer, or to wait for another one.
            self._end(None)


def is_long(value):
    """Whether a value has so many bytes that copying them takes long."""
    return getattr(value, 'nbytes', 0) > LONG or type(value) in (bytes, bytearray) and len(value) > LONG


def items_of(result):
    """The iterator of a stream; `None` where the result is one value."""
    if hasattr(result, '__aiter__'):
        return result.__aiter__()
    return result if inspect.isgenerator(result) else None


def is_asynchronous(function):
    function = inspect.unwrap(function)
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
