"""The rate limit between a kubelet and the API."""

from __future__ import annotations

import asyncio
import time

from upgrade_e2e_simulator.parameters import KubeletParameters

__all__ = ["TokenBucket"]


class TokenBucket:
    """`qps` tokens a second, `burst` at most in stock; each call takes one and waits for it.

    Callers are served in the order in which they came, as by the client's rate limiter.
    """

    def __init__(self, parameters: KubeletParameters) -> None:
        self._parameters = parameters
        self._stock = float(parameters.burst)
        self._filled_at = time.monotonic()
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """One token."""
        async with self._turn:
            self._fill()
            while self._stock < 1:
                await asyncio.sleep((1 - self._stock) / self._parameters.qps)
                self._fill()
            self._stock -= 1

    def _fill(self) -> None:
        now = time.monotonic()
        gained = (now - self._filled_at) * self._parameters.qps
        self._stock = min(float(self._parameters.burst), self._stock + gained)
        self._filled_at = now
