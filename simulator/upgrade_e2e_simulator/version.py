"""The Kubernetes release that a simulated cluster looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass

from upgrade_e2e_simulator.errors import BadInput

__all__ = ["KubeVersion"]

_FORM = re.compile(r"v?(\d+)\.(\d+)\.(\d+(?:[-+][0-9A-Za-z.+-]+)?)")


@dataclass(frozen=True)
class KubeVersion:
    """A release; `patch` is the rest as it was written, with a suffix: `4` or `1-gke.100`."""

    major: int
    minor: int
    patch: str

    @classmethod
    def parse(cls, text: str) -> KubeVersion:
        """Read `v1.34.4` or `1.34.4`, also with a suffix. Raises BadInput for anything else."""
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise BadInput(f"{text!r} is not a Kubernetes version; write it like v1.34.4.")
        return cls(int(match[1]), int(match[2]), match[3])

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"
