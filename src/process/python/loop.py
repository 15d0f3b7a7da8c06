"""An event loop that gives the time in which it would wait to somebody else."""

import asyncio
import selectors


class Selector(selectors.DefaultSelector):
    """Has `instead`, where there is one, wait for events: it is called with `select` and its time-out, and gives what came."""

    instead = None

    def select(self, timeout=None):
        return super().select(timeout) if self.instead is None else self.instead(super().select, timeout)


class Loop(asyncio.SelectorEventLoop):
    """Knows whether something was scheduled, which what runs instead of waiting must make room for."""

    scheduled = False

    def __init__(self, selector):
        super().__init__(selector)
        self.selector = selector

    def call_soon(self, *args, **kwargs):
        self.scheduled = True
        return super().call_soon(*args, **kwargs)

    def call_at(self, *args, **kwargs):
        self.scheduled = True
        return super().call_at(*args, **kwargs)


def run(main):
    """Runs a coroutine as `asyncio.run` does, on a `Loop`, unless the program has chosen another kind of loop."""
    loop = asyncio.new_event_loop()
    if type(loop) is asyncio.SelectorEventLoop:
        loop.close()
        loop = Loop(Selector())
    if hasattr(asyncio, 'Runner'):
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(main)
        return
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(main)
    finally:
        try:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            if hasattr(loop, 'shutdown_default_executor'):
                loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
