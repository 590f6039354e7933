"""What kubeadm says that decides something: why it refused, and which addon it kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["KeptCoreDns", "is_late_job", "phase_error", "preflight_errors"]

_ERROR = re.compile(r"\[ERROR [\w-]+\]: ")
_END_OF_ERRORS = re.compile(r"\[\w[\w/-]*\] |error: |To see the stack trace")
_LATE_JOB = re.compile(r"\[ERROR CreateJob\]: Job .* did not complete in ")
_FAILED = re.compile(r"error: |error execution phase |.*\bFATAL\b")
_KEPT = re.compile(
    r"the CoreDNS Configuration was not migrated: (?P<why>.+?)\.? "
    r"The existing CoreDNS Corefile configuration has been retained"
)


def preflight_errors(output: str) -> list[str]:
    """The checks of kubeadm that did not hold, each in one line: `[ERROR CreateJob]: ...`."""
    errors: list[list[str]] = []
    inside = False
    for line in map(str.strip, output.splitlines()):
        if _ERROR.match(line):
            errors.append([line])
            inside = True
        elif inside and _END_OF_ERRORS.match(line):
            inside = False
        elif inside:
            errors[-1].append(line)
    return list(dict.fromkeys(" ".join(lines).strip() for lines in errors))


def is_late_job(refused: str) -> bool:
    """Whether kubeadm refuses by its own job, a pod that it runs to see that the cluster can."""
    return _LATE_JOB.match(refused) is not None


def phase_error(output: str) -> str:
    """The last line that kubeadm calls an error; empty where there is none."""
    lines = [line.strip() for line in output.splitlines()]
    failed = [line for line in lines if _FAILED.match(line)]
    return failed[-1].removeprefix("error: ") if failed else ""


@dataclass
class KeptCoreDns:
    """Whether kubeadm kept CoreDNS as it was, read from its lines: `why` is then its reason."""

    why: str = ""

    def read(self, line: str) -> None:
        """Take in one line of kubeadm."""
        if match := _KEPT.search(line):
            self.why = match["why"]
