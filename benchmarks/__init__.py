"""How fast the package is, as ratios measured side by side in one run: ``python -m benchmarks [name …]``.

Every module beside this one that has a dictionary ``ROWS = {name: function}`` takes part; a function returns
a list of ``Row``.  Times depend on the machine and ratios hardly do, so nothing here is ever asserted.
"""

from statistics import median
from time import perf_counter
from typing import NamedTuple


class Row(NamedTuple):
    """``what`` took ``seconds``, and ``against`` took ``against_seconds`` in the same run."""

    what: str
    seconds: float
    against: str
    against_seconds: float

    @property
    def ratio(self):
        """How many times as long ``against`` took."""
        return self.against_seconds / self.seconds


def medians(*functions, repeats=7):
    """The median time of each function in seconds, taking turns, so that a slow moment meets them all."""
    times = [[] for _ in functions]
    for function in functions:
        function()                                      # the first call also fills caches
    for _ in range(repeats):
        for function, mine in zip(functions, times, strict=True):
            start = perf_counter()
            function()
            mine.append(perf_counter() - start)
    return [median(mine) for mine in times]
