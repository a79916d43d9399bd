"""What a run of the notebooks leaves on AWS: nothing that it built itself."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redjam import infrastructure
from redjam.config import Settings

log = logging.getLogger(__name__)


@contextmanager
def afterwards(
    settings: Settings, keep: bool = False, built: bool = False, gone: Callable[[], None] = lambda: None
) -> Iterator[bool]:
    """On AWS delete at the end what the block builds, also if it fails or is interrupted; gives whether it will.

    A cluster that was there before stays, unless it was `built` by the run that goes on here; so does everything on
    local, which costs nothing. `gone` is called once it is deleted.
    """
    if settings.is_local or settings.host:
        yield False
    elif keep:
        log.warning("what is built is kept, and costs money until redjam delete (redjam status says how much)")
        yield False
    elif infrastructure.exists(settings) and not built:
        log.warning("the cluster was there before this run, and stays; it costs money until redjam delete")
        yield False
    else:
        with _ended_by_signals(), _deleted(settings, gone):
            yield True


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a closed terminal or a cancelled job end the block as Ctrl-C does: Python would end at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number, _) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _deleted(settings: Settings, gone: Callable[[], None]) -> Iterator[None]:
    failure = None
    try:
        yield
    except BaseException as error:
        failure = error
        raise
    finally:
        try:
            infrastructure.delete(settings)
            gone()
        except BaseException:
            if failure:
                log.error("%s", failure)  # or what follows would be all that is told
            log.error("what the run built is not all deleted, and costs money: redjam delete, then redjam status")
            raise
