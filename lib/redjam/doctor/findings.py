"""A check and what comes of it: one line, ok or wrong with the way out, or skipped with the reason."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from redjam import aws

SECONDS = 120  # for one check; a cluster that is used for the first time compiles its queries
OURS = {"redjam", "psycopg2"}  # whose errors say what is the matter, and not that the program is wrong


@dataclass(frozen=True)
class Check:
    """What came of a check; its text is the line to show."""

    name: str
    state: str  # ok, wrong or skipped
    detail: str

    def __str__(self) -> str:
        return f"{self.state:7} {self.name:15} {self.detail}"


@dataclass(frozen=True)
class Look:
    """A check to make: `look` gives the detail of what is well, or raises Wrong or Skipped."""

    name: str
    look: Callable[[], str]
    needs: tuple[str, ...] = ()  # the checks without which it has nothing to look at
    skip: str = ""  # why it is not made at all
    without: str = ""  # what those that need it say if it is wrong


class Wrong(Exception):
    """What a check found wrong, and the way out."""


class Skipped(Exception):
    """Why a check has nothing to look at."""


def made(look: Look) -> Check:
    """Make a check, in SECONDS at most."""
    try:
        return Check(look.name, "ok", within(SECONDS, look.look))
    except Skipped as reason:
        return Check(look.name, "skipped", str(reason))
    except Exception as error:
        if not (text := _text(error)):
            raise
        return Check(look.name, "wrong", text)


def _text(error: Exception) -> str:
    """The one line about what a user can meet; none for a fault of the program."""
    if isinstance(error, aws.exceptions.ClientError):  # one for which aws.clear_errors has no way out
        said = error.response["Error"]
        return f"AWS refused {error.operation_name}: {said['Code']}: {one_line(said.get('Message', ''))}"
    packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return one_line(str(error)) if packages & OURS else ""


def one_line(text: str) -> str:
    """The first line of a text: what comes after it in a database's error are details."""
    return " ".join((text.strip().splitlines() or [""])[0].split())


def within(seconds: float, call: Callable):
    """What a call gives, or Wrong if it gives nothing in time; the thread that still waits ends with the program."""
    answer = Future()

    def run() -> None:
        try:
            with aws.clear_errors():
                answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return answer.result(timeout=seconds)
    except TimeoutError:
        if answer.done():  # the call's own
            raise
        raise Wrong(f"no answer in {seconds:g} seconds: check the network, then try again") from None
