"""Serves the functions of a module to the other end of a connection, by the messages of docs/calls.md.

Runs in every Python from 3.8 on, with nothing but its standard library. One event loop, on the main thread, reads the
connection, runs `async def` functions side by side, and plain ones one after the other, or on threads of their own.
"""

import asyncio
import collections
import inspect
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import carom_loop
from carom_attaching import loader_of
from carom_forms import form_of
from carom_frames import Frames

CALL, RESULT, ERROR, STREAM, ITEM, END, ABORT, CREDIT = range(8)

# For how many seconds short plain functions run one after the other before the event loop does something else.
TURN = 0.001
# For how many seconds a plain function may have run last time, so that the answers before it leave together with its own.
QUICK = 0.00005
# For how many seconds short plain functions run one after the other before it is seen whether more has arrived.
LOOK = 0.00001
# Types whose values are neither awaitable nor streams, which is asked of others.
PLAIN = {type(None), bool, int, float, str, bytes, list, tuple, dict}
# What an array arrives as.
ARRAYS = {list, tuple}
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


def check(message):
    """Raises a `ValueError` where what has arrived is no message of calls. Answers are some: they are dropped."""
    if type(message) not in ARRAYS:
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
        if size < 4 or type(message[3]) not in ARRAYS:
            raise ValueError('the arguments are no array')
        if size > 4 and message[4] is not None and type(message[4]) is not dict:
            raise ValueError('the arguments by name are no object')
    elif kind == CREDIT:
        count = message[2] if size > 2 else None
        if type(count) is not int or not 1 <= count <= ID_MAX:
            raise ValueError('the credit is no positive number')


class Function:
    """A function that may be called, and what is known of it."""

    __slots__ = 'call', 'asynchronous', 'quick'

    def __init__(self, call):
        self.call = call
        self.asynchronous = is_asynchronous(call)
        # Whether it took next to no time when it ran last.
        self.quick = False


class Running:
    """A call that is under way, or waits for its turn."""

    given_up = False
    task = None
    # Whether the task has taken its first step.
    begun = False
    _credit = 0
    # Made by a stream that waits.
    _changed = None

    def __init__(self, identity, function, args, kwargs):
        self.id = identity
        self.function = function
        self.args = args
        self.kwargs = kwargs

    def call(self):
        return self.function.call(*self.args, **self.kwargs)

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


class Server:
    """Answers the calls of `functions` that arrive on `connection`, until its end."""

    def __init__(self, connection, functions, threads=None, concurrency=1000):
        self._connection = connection
        self._frames = None
        self._functions = {name: Function(each) for name, each in functions.items()}
        self._threads = ThreadPoolExecutor(threads, 'carom-call') if threads else None
        self._most = 2 * concurrency
        self._running = {}
        # What a thread has read, where the event loop can't watch the connection.
        self._arrived = collections.deque()
        # Plain functions that wait for the main thread.
        self._queue = collections.deque()

    def run(self):
        """Serves on this thread. Raises what was wrong where the peer sends anything but calls."""
        carom_loop.run(self._serve())

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._ended = False
        self._fault = None
        # Whether it is the server's to see what arrives: else the event loop calls when something has.
        self._selects = False
        # Whether a plain function runs on the main thread.
        self._calling = False
        if os.name == 'nt':
            # Its event loop does not watch pipes.
            threading.Thread(target=self._read_blocking, name='carom-reader', daemon=True).start()
        else:
            self._fd = self._connection.fileno()
            self._frames = Frames(self._fd)
            self._loop.add_reader(self._fd, self._read_if_ready)
            if isinstance(self._loop, carom_loop.Loop):
                self._selects = True
                self._loop.selector.instead = self._select
        await self._over.wait()
        if self._threads:
            self._threads.shutdown(wait=False)
        if self._fault:
            raise self._fault

    # Reading.

    def _select(self, select, timeout):
        """Answers calls while the event loop has nothing to do, which may `select` events of its own for `timeout` seconds."""
        if self._calling:
            # A function runs the event loop itself, as nest_asyncio lets it.
            return select(timeout)
        loop = self._loop
        loop.scheduled = False
        until = None if timeout is None else monotonic() + timeout
        while True:
            events = select(0 if self._queue else timeout)
            for at, event in enumerate(events):
                if event[0].fd == self._fd:
                    del events[at]
                    self._read()
                    break
            if self._queue and not self._ended:
                self._run_waiting()
            if events or loop.scheduled or self._ended:
                return events
            if until is not None:
                timeout = until - monotonic()
                if timeout <= 0:
                    return events

    def _read_if_ready(self):
        """Takes what is there, unless a plain function's turn has taken it since the event loop looked."""
        if not self._frames:
            while self._arrived and not self._ended:
                self._take(self._arrived.popleft())
        elif not self._ended and self._frames.ready():
            self._read()

    def _read(self):
        """Takes what is there. It would block where nothing is."""
        try:
            messages, data = self._frames.read()
            loads = loader_of(data)
            for message in messages:
                self._take(loads(message))
                if self._ended:
                    return
        except (EOFError, OSError):
            self._end(None)
        except Exception as error:
            self._end(error)

    def _read_blocking(self):
        try:
            while True:
                data = self._connection.recv_bytes()
                self._arrived.append(loader_of(data)(data))
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
        self._ended = True
        for running in self._running.values():
            running.give_up()
        if self._selects:
            self._loop.selector.instead = None
        if self._frames:
            self._loop.remove_reader(self._fd)
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
            self._begin(identity, message[2], message[3], message[4] if len(message) > 4 else None)
            return
        running = self._running.get(identity)
        if not running:
            return
        if kind == ABORT:
            running.give_up()
        elif kind == CREDIT:
            running.add_credit(message[2])

    def _begin(self, identity, name, args, kwargs):
        if identity in self._running:
            self._end(ValueError('malformed call message: two calls at once have the id %d' % identity))
            return
        function = self._functions.get(name)
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
        if function.asynchronous or self._threads:
            running.task = self._loop.create_task(self._run(running, in_thread=not function.asynchronous))
        else:
            self._queue.append(running)
            if len(self._queue) == 1 and not self._selects:
                self._loop.call_soon(self._run_waiting)

    # Calling.

    def _run_waiting(self):
        """Runs the plain functions that wait. An abort that has arrived is known before each."""
        self._calling = True
        try:
            self._run_queue()
        finally:
            self._calling = False
            # Also where a function was interrupted, which ends the program: those before it have run.
            self._release()

    def _run_queue(self):
        queue = self._queue
        now = looked = monotonic()
        end = now + TURN
        while not self._ended:
            running = queue[0]
            function = running.function
            if not function.quick:
                self._release()
            self._run_plain(running)
            then = monotonic()
            function.quick = then - now < QUICK
            now = then
            if len(queue) > 1 and now - looked > LOOK:
                self._read_if_ready()
                now = looked = monotonic()
            # It was in the queue until now, so that what was read has not begun to run the queue once more.
            queue.popleft()
            if not queue:
                break
            if now > end:
                if not self._selects:
                    self._loop.call_soon(self._run_waiting)
                break

    def _run_plain(self, running):
        """Runs a plain function. What it returns may take longer: an awaitable, or a stream."""
        if running.given_up:
            del self._running[running.id]
            return
        try:
            kwargs = running.kwargs
            result = running.function.call(*running.args, **kwargs) if kwargs else running.function.call(*running.args)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._over_with(running, error)
            return
        if type(result) not in PLAIN and (inspect.isawaitable(result) or items_of(result)):
            running.task = self._loop.create_task(self._run(running, result))
            return
        try:
            if not running.given_up:
                self._hold((RESULT, running.id) if result is None else (RESULT, running.id, result))
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
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._over_with(running, error)

    async def _stream(self, running, items):
        self._post((STREAM, running.id))
        asynchronous = hasattr(items, '__anext__')
        end = monotonic() + TURN
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
                if monotonic() > end:
                    await asyncio.sleep(0)
                    end = monotonic() + TURN
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
        try:
            if self._frames:
                self._frames.write(message)
            else:
                self._connection.send_bytes(pickle.dumps(message, 4))
        except OSError:
            # Nobody is there any more to read the answer, or to wait for another one.
            self._end(None)

    def _hold(self, message):
        """Posts a message that leaves with those of the functions that run next, unless one of them takes its time."""
        if not self._frames:
            self._post(message)
            return
        try:
            self._frames.hold(message)
        except OSError:
            self._end(None)

    def _release(self):
        try:
            if self._frames:
                self._frames.release()
        except OSError:
            self._end(None)


def items_of(result):
    """The iterator of a stream; `None` where the result is one value."""
    if hasattr(result, '__aiter__'):
        return result.__aiter__()
    return result if inspect.isgenerator(result) else None


def is_asynchronous(function):
    function = inspect.unwrap(function)
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
