"""A share of failures, for use in claims: it must rest on enough samples."""

from __future__ import annotations

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import share

__all__ = ["Ratio"]


class Ratio(float):
    """`failures` of `count`; compared with a limit, it asks for enough samples.

    With fewer than 1 / limit samples a single failure breaks the limit and none proves it, so the
    comparison raises Inconclusive. A limit of 0 ("never") may always be compared with.
    """

    __slots__ = ("count",)

    def __new__(cls, failures: int, count: int) -> Ratio:
        """Raises ZeroDivisionError for a count of 0: ask for it before."""
        ratio = super().__new__(cls, failures / count)
        ratio.count = count
        return ratio

    count: int

    def __le__(self, limit: float) -> bool:
        self._ask_for_enough(limit)
        return float(self) <= limit

    def __lt__(self, limit: float) -> bool:
        self._ask_for_enough(limit)
        return float(self) < limit

    def _ask_for_enough(self, limit: float) -> None:
        if limit > 0 and self.count * limit < 1:
            raise Inconclusive(
                f"{self.count} samples are too few for a limit of {share(limit)}: that takes "
                f"{round(1 / limit)} or more; probe at a higher rate, or for longer."
            )
