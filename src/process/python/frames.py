"""The frames of `multiprocessing.connection` on a socket, many at a time: that reads and writes each message by itself."""

import collections
import os
import pickle
import select
import struct
import threading
import time

# How many bytes of a value are better not copied.
LONG = 1 << 17
# Types whose values don't have so many bytes in one piece.
SCATTERED = {type(None), bool, int, float, str, list, tuple, dict}
HEADER = struct.Struct('!I')
# How many messages wait for others at most, so that the other end has some while more are made, and how many bytes.
HELD_MAX = 16
HELD_BYTES_MAX = 1 << 16
# For how many seconds answers wait at most for a function that takes longer than it used to, and after how many such times
# without any the thread that sees to it sleeps.
TICK = 0.005
IDLE_TICKS = 20


class Frames:
    """The messages on a socket, many of which one read takes, and one write leaves."""

    # The bytes of one read. A message that is longer is read into memory of its own.
    READ = 65536

    def __init__(self, fd):
        self._fd = fd
        self._rest = b''
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)
        self._writing = threading.Lock()
        # Messages that leave with later ones, and their bytes.
        self._held = collections.deque()
        self._size = 0
        self._overdue = Overdue(self._release_overdue)

    def ready(self):
        """Whether something is there to read."""
        return bool(self._poll.poll(0))

    def read(self):
        """The messages that are there, and the rest of one that has begun and is long; and the bytes in which they all are, unless
        one is long. Raises `EOFError` at the end."""
        data = os.read(self._fd, self.READ)
        if not data:
            raise EOFError
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        messages = []
        while end - at >= 4:
            (size,) = HEADER.unpack_from(data, at)
            start = at + 4
            if size > 0x7FFFFFFF:
                if size != 0xFFFFFFFF:
                    raise ValueError('a message has the length %d' % (size - (1 << 32)))
                if end - at < 12:
                    break
                size = int.from_bytes(data[start : at + 12], 'big')
                start = at + 12
            after = start + size
            if after > end:
                if size <= self.READ:
                    break
                messages.append(self._read_long(data[start:end], size))
                self._rest = b''
                return messages, None
            messages.append(data[start:after])
            at = after
        self._rest = data[at:]
        return messages, data

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

    def write(self, message):
        """Writes a message, behind those that are held."""
        self._hold(message)
        self.release()

    def hold(self, message):
        """Keeps a message until `release`, or until it is overdue: the caller runs other functions meanwhile."""
        self._hold(message)
        overdue = self._overdue
        overdue.watched = True
        if len(self._held) >= HELD_MAX or self._size > HELD_BYTES_MAX or not (overdue.awake or overdue.wake()):
            self.release()

    def _hold(self, message):
        value = message[-1]
        if type(value) not in SCATTERED and is_long(value):
            parts = Parts()
            pickle.Pickler(parts, 5).dump(message)
            size = sum(map(len, parts))
            self._held.extend((header(size), *parts))
        else:
            data = pickle.dumps(message, 4)
            size = len(data)
            self._held.append(header(size) + data)
        self._size += size

    def release(self):
        """Writes what is held."""
        if self._held:
            with self._writing:
                self._write_held()

    def _release_overdue(self):
        # A thread that writes at this moment writes all that there is.
        if self._held and self._writing.acquire(blocking=False):
            try:
                self._write_held()
            except OSError:
                # The thread that serves learns of it by itself.
                pass
            finally:
                self._writing.release()

    def _write_held(self):
        held = self._held
        parts = [held.popleft() for _ in range(len(held))]
        size, self._size = self._size, 0
        if size > HELD_BYTES_MAX:
            self._write_all(parts)
        elif parts:
            data = parts[0] if len(parts) == 1 else b''.join(parts)
            done = os.write(self._fd, data)
            if done < len(data):
                self._write_all([data[done:]])

    def _write_all(self, parts):
        parts = [memoryview(part).cast('B') for part in parts if len(part)]
        while parts:
            done = os.writev(self._fd, parts[:16])
            while parts and done >= len(parts[0]):
                done -= len(parts.pop(0))
            if done:
                parts[0] = parts[0][done:]


def header(size):
    return HEADER.pack(size) if size <= 0x7FFFFFFF else struct.pack('!iQ', -1, size)


def is_long(value):
    """Whether a value has so many bytes that copying them takes long."""
    return getattr(value, 'nbytes', 0) > LONG or type(value) in (bytes, bytearray) and len(value) > LONG


class Parts(list):
    """A file for a pickle: what is long in it is kept as it is, and not copied."""

    def write(self, data):
        self.append(data if isinstance(data, bytes) else memoryview(data).cast('B'))


class Overdue:
    """Calls `release`, on a thread of its own, every few milliseconds as long as `watched` becomes true meanwhile."""

    def __init__(self, release):
        self._release = release
        self._thread = None
        self._woken = threading.Semaphore(0)
        self.watched = False
        # Whether the thread sees to it. The caller that sets `watched` looks at this afterwards, and wakes it.
        self.awake = False

    def wake(self):
        """Whether there is a thread: the system may have none."""
        self.awake = True
        if self._thread:
            self._woken.release()
            return True
        thread = threading.Thread(target=self._run, name='carom-answers', daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self.awake = False
            return False
        self._thread = thread
        return True

    def _run(self):
        while True:
            idle = 0
            while idle < IDLE_TICKS:
                time.sleep(TICK)
                idle = 0 if self.watched else idle + 1
                self.watched = False
                self._release()
            self.awake = False
            if self.watched:
                self.awake = True
            else:
                self._woken.acquire()
