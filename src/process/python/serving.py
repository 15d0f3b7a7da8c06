"""Serves the functions of a module to the other end of a connection, by the messages of docs/calls.md.

Runs in every Python from 3.8 on, with nothing but its standard library. One event loop, on the main thread, reads the
connection, runs `async def` functions side by side, and plain ones one after the other, or on threads of their own.
"""

import asyncio
import collections
import inspect
import pickle
import select
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

from carom_attaching import loads

CALL, RESULT, ERROR, STREAM, ITEM, END, ABORT, CREDIT = range(8)

# How many causes of an exception, and exceptions inside exceptions, are told.
DEPTH = 8
# How many exceptions of a group are told, and how many in all: one may be inside many others.
INNER_MAX = 100
FORMS_MAX = 1000
# How many messages are taken before the event loop does something else.
MESSAGES_PER_TURN = 100
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


class Running:
    """A call that is under way, or waits for its turn."""

    def __init__(self, identity, function, args, kwargs):
        self.id = identity
        self.call = lambda: function(*args, **kwargs)
        self.is_asynchronous = is_asynchronous(function)
        self.given_up = False
        self.task = None
        self._credit = 0
        self._changed = asyncio.Event()

    def give_up(self):
        self.given_up = True
        self._changed.set()
        if self.task:
            self.task.cancel()

    def add_credit(self, count):
        self._credit += count
        self._changed.set()

    async def take_credit(self):
        """Waits until the caller takes one more item; whether it does."""
        while self._credit == 0 and not self.given_up:
            self._changed.clear()
            await self._changed.wait()
        self._credit -= 1
        return not self.given_up


class Server:
    """Answers the calls of `functions` that arrive on `connection`, until its end."""

    def __init__(self, connection, functions, threads=None, concurrency=1000):
        self._connection = connection
        self._functions = functions
        self._threads = ThreadPoolExecutor(threads, 'carom-call') if threads else None
        self._most = 2 * concurrency
        self._running = {}
        # Plain functions that wait for the main thread.
        self._queue = collections.deque()

    def run(self):
        """Serves on this thread. Raises what was wrong where the peer sends anything but calls."""
        asyncio.run(self._serve())

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._fault = None
        try:
            self._loop.add_reader(self._connection.fileno(), self._read)
            self._poll = select.poll()
            self._poll.register(self._connection.fileno(), select.POLLIN)
        except (AttributeError, NotImplementedError):
            # Windows: its event loop does not watch pipes.
            threading.Thread(target=self._read_blocking, name='carom-reader', daemon=True).start()
        await self._over.wait()
        for running in list(self._running.values()):
            running.give_up()
        if self._threads:
            self._threads.shutdown(wait=False)
        if self._fault:
            raise self._fault

    # Reading.

    def _read(self):
        """Takes what is here: an abort that has arrived is known before the next call begins."""
        for _ in range(MESSAGES_PER_TURN):
            try:
                message = loads(self._connection.recv_bytes())
            except (EOFError, OSError):
                self._end(None)
                return
            except Exception as error:
                self._end(error)
                return
            self._take(message)
            if not self._poll.poll(0):
                return

    def _read_blocking(self):
        try:
            while True:
                self._loop.call_soon_threadsafe(self._take, loads(self._connection.recv_bytes()))
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
        if self._poll:
            self._loop.remove_reader(self._connection.fileno())
        self._fault = self._fault or fault
        self._over.set()

    _poll = None

    def _take(self, message):
        try:
            kind, identity = message[0], message[1]
            running = self._running.get(identity)
            if kind == CALL:
                self._begin(identity, *message[2:])
            elif kind == ABORT:
                if running:
                    running.give_up()
            elif kind == CREDIT:
                if running:
                    running.add_credit(message[2])
            else:
                raise ValueError('no kind of message: %r' % (kind,))
        except Exception as error:
            self._end(ValueError('malformed call message %r: %s' % (message, error)))

    def _begin(self, identity, name, args, kwargs=None):
        if identity in self._running:
            raise ValueError('two calls at once have the id %r' % (identity,))
        function = self._functions.get(name)
        if function is None:
            known = ', '.join(self._functions)
            text = "there is no function '%s' here; there are: %s" % (name, known)
            self._post((ERROR, identity, {'name': 'ReferenceError', 'message': text}))
            return
        if len(self._running) >= self._most:
            text = '%d calls run or wait here: call again later' % self._most
            self._post((ERROR, identity, {'name': 'BusyError', 'message': text, 'code': 'ERR_CAROM_BUSY'}))
            return
        running = self._running[identity] = Running(identity, function, list(args), kwargs or {})
        if running.is_asynchronous or self._threads:
            running.task = self._loop.create_task(self._run(running))
        else:
            self._queue.append(running)
            if len(self._queue) == 1:
                self._loop.call_soon(self._run_next)

    # Calling.

    def _run_next(self):
        """Runs the plain function whose turn it is. What it returns may take longer: an awaitable, or a stream."""
        running = self._queue.popleft()
        if self._queue:
            self._loop.call_soon(self._run_next)
        if running.given_up:
            del self._running[running.id]
            return
        try:
            result = running.call()
        except (Exception, SystemExit) as error:
            self._over_with(running, error)
            return
        if inspect.isawaitable(result) or items_of(result):
            running.task = self._loop.create_task(self._run(running, result))
            return
        try:
            self._answer(running, result)
        except Exception as error:
            self._over_with(running, error)
        else:
            del self._running[running.id]

    async def _run(self, running, result=NOTHING):
        try:
            if result is NOTHING:
                if self._threads and not running.is_asynchronous:
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
        data = pickle.dumps(message, 4)
        try:
            self._connection.send_bytes(data)
        except OSError:
            # Nobody is there any more to read the answer.
            pass


def items_of(result):
    """The iterator of a stream; `None` where the result is one value."""
    if hasattr(result, '__aiter__'):
        return result.__aiter__()
    return result if inspect.isgenerator(result) else None


def is_asynchronous(function):
    function = inspect.unwrap(function)
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
