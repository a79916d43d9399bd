"""Progress bars where somebody watches: a terminal or a notebook at work, never a log or a report."""

import sys
from collections.abc import Iterable

from tqdm import tqdm


def bar(steps: Iterable | None = None, what: str = "", **options) -> tqdm:
    """A tqdm bar; in a notebook as plain text, without a widget, unless TQDM_DISABLE is set (our runner does)."""
    if "ipykernel.kernelapp" in sys.modules:
        return tqdm(steps, desc=what, leave=False, file=sys.stdout, **options)
    return tqdm(steps, desc=what, leave=False, disable=None, **options)
