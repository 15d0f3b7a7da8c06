"""The program of a `Process` over a Python module: imports the module's file, and calls one of its functions, or serves them.

Runs in every Python from 3.8 on, with nothing but its standard library. Its source comes through the connection on
descriptor 3, and so does what to run: first as JSON, then the arguments as a pickle.
"""

import importlib.machinery
import importlib.util
import io
import json
import multiprocessing
import os
import signal
import socket
import sys
import threading
import traceback
from multiprocessing import connection as mpc

import carom_attaching

# A daemon's descriptor, whose other end is open as long as its parent lives.
LIFELINE = 4
# Seconds that a child has after SIGTERM, when its parent has ended, before SIGKILL.
GRACE = 5


def opened(fd, readable=True, writable=True):
    """The connection on an inherited descriptor, which programs that this one starts don't inherit in turn."""
    if os.name == 'nt':
        import msvcrt

        return mpc.PipeConnection(msvcrt.get_osfhandle(fd), readable, writable)
    os.set_inheritable(fd, False)
    return mpc.Connection(fd, readable, writable)


class InheritedListener(mpc.Listener):
    """A listener on an inherited socket. That is non-blocking, and stays so, since others may accept from it as well."""

    def __init__(self, fd, authkey):
        os.set_inheritable(fd, False)
        self._listener = InheritedSocket(fd)
        self._authkey = authkey


class InheritedSocket(mpc.SocketListener):
    def __init__(self, fd):
        self._socket = socket.socket(fileno=fd)
        self._address = self._socket.getsockname()
        self._family = self._socket.family.name
        self._last_accepted = None
        # Its file is removed by the process that made it.
        self._unlink = None

    def accept(self):
        while True:
            mpc.wait([self._socket])
            try:
                accepted, self._last_accepted = self._socket.accept()
            except BlockingIOError:
                # Another process was faster.
                continue
            accepted.setblocking(True)
            return mpc.Connection(accepted.detach())


class Arguments(carom_attaching.Unpickler):
    """Reads arguments. A connection, a listener or a handle among them is the number of its descriptor, and what it is."""

    def persistent_load(self, described):
        kind, fd, *rest = described
        if kind == 'connection':
            return opened(fd, *rest)
        if kind == 'listener':
            return InheritedListener(fd, *rest)
        return fd


def load(path):
    """Imports a file under its own name, with its folder first in the path, as Python does with the program that it runs."""
    folder, file = os.path.split(path)
    name = os.path.splitext(file)[0]
    sys.path[0] = folder
    sys.argv = [path]
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def find(module, name):
    target = getattr(module, name, None)
    if callable(target):
        return target
    functions = [each for each, value in vars(module).items() if callable(value) and not each.startswith('_')]
    found = 'the functions ' + ', '.join(functions) if functions else 'no function'
    raise TypeError('the module has %s%s' % ('something else by that name, and ' if hasattr(module, name) else '', found))


def end_with_parent(lifeline):
    """Ends this process by SIGTERM, and later by SIGKILL, when the parent's end of the lifeline is closed."""
    os.set_inheritable(lifeline, False)

    def watch():
        while True:
            try:
                if not os.read(lifeline, 1):
                    break
            except OSError:
                break
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(GRACE)
        os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))

    threading.Thread(target=watch, name='carom-lifeline', daemon=True).start()
    try:
        import fcntl

        # The kernel sends the signal also while a long call into C keeps this thread from running.
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGTERM)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):
        pass


def without_ours(tb):
    """The traceback from the first frame on that is neither carom's nor the import system's."""
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(('<carom ', '<frozen importlib')):
        tb = tb.tb_next
    return tb


def text_of(error):
    return ''.join(traceback.format_exception(type(error), error, without_ours(error.__traceback__)))


def failure(doing, error):
    return {'doing': doing, 'name': type(error).__name__, 'message': str(error), 'stack': text_of(error)}


def prepare(control):
    """What is to be run. Ends the process where that can't be, and tells the parent why."""
    start = json.loads(control.recv_bytes())
    multiprocessing.current_process().name = start['name']
    if hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(line_buffering=True)
    if start['daemon']:
        end_with_parent(LIFELINE)
        # Ctrl-C goes to the whole group: the parent decides what it means for this process.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    doing = 'decode the arguments'
    try:
        args, kwargs = Arguments(io.BytesIO(control.recv_bytes())).load()
        path = start['module']
        doing = 'import %s' % path
        module = load(path)
        if start.get('serve') is not None:
            import carom_serving as serving

            doing = 'serve %s' % path
            functions = serving.functions_of(module)
            if not functions:
                raise TypeError('the module has no function to serve: its own, without a leading underscore, or those of __all__')
            run = serving.Server(args[0], functions, **start['serve']).run
        else:
            doing = "find the function '%s' in %s" % (start['target'], path)
            target = find(module, start['target'])

            def run():
                result = target(*args, **kwargs)
                if hasattr(result, '__await__'):
                    import asyncio

                    asyncio.run(result)

        control.send_bytes(b'{}')
        control.close()
        return run
    except BaseException as error:
        control.send_bytes(json.dumps({'failure': failure(doing, error)}).encode())
        sys.exit(1)


def main(control):
    try:
        run = prepare(control)
    except (EOFError, OSError):
        # The parent has ended meanwhile: there is nothing to do, and nobody to tell.
        return
    try:
        run()
    except Exception as error:
        sys.stderr.write(text_of(error))
        sys.exit(1)
