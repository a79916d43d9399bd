"""Waits for what AWS does: each has an end, and shows AWS's own status."""

import logging
import time
from collections.abc import Callable

from redjam import progress
from redjam.aws import AWSError
from redjam.config import Settings

TIMEOUT_SECONDS = 30 * 60
POLL_SECONDS = 15
log = logging.getLogger(__name__)


def until(
    done: Callable[[str], bool],
    look: Callable[[], str],
    what: str,
    settings: Settings,
    stuck: Callable[[str], str] = lambda status: "",
) -> str:
    """Ask for the status until it is done, TIMEOUT_SECONDS at most, and give it.

    `stuck` gives the way out of a status from which nothing comes by itself, which is an AWSError at once.
    """
    deadline, shown = time.monotonic() + TIMEOUT_SECONDS, None
    with progress.bar(bar_format="{desc} [{elapsed}]") as bar:
        while True:
            status = look()
            bar.set_description_str(f"{what}: {status}")
            if bar.disable and status != shown:
                log.info("%s: %s", what, status)
                shown = status
            if done(status):
                return status
            if way_out := stuck(status):
                raise AWSError(f"{what} is {status}: {way_out}")
            if time.monotonic() >= deadline:
                raise AWSError(
                    f"{what} is still {status} after {TIMEOUT_SECONDS // 60} minutes, and may cost money: "
                    f"see its events in AWS's console ({settings.region}), then build or delete again"
                )
            try:
                time.sleep(POLL_SECONDS)
            except KeyboardInterrupt:
                log.warning("%s: AWS goes on by itself, and it may cost money; build or delete again", what)
                raise
