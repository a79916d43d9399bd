"""Work in threads, whose results come in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice


def ahead(function: Callable, items: Iterable, workers: int, results: int) -> Iterator:
    """Map in threads, which make so many results ready that are not asked for yet; the end waits for the threads."""
    pool, rest = ThreadPoolExecutor(workers, "ahead"), iter(items)
    try:
        waiting = deque(pool.submit(function, item) for item in islice(rest, results))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(rest, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)
