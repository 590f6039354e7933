"""What kubeadm says that decides something: why it refused, and which addon it kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["KeptCoreDns", "reason_for_failure"]

_ERROR = re.compile(r"\[ERROR [\w-]+\]: ")
_END_OF_ERRORS = re.compile(r"\[\w[\w/-]*\] |error: |To see the stack trace")
_FAILED = re.compile(r"error: |error execution phase |.*\bFATAL\b")
_KEPT = re.compile(
    r"the CoreDNS Configuration was not migrated: (?P<why>.+?)\.? "
    r"The existing CoreDNS Corefile configuration has been retained"
)


def reason_for_failure(output: str) -> str:
    """Why kubeadm failed, in one line of its own words; empty where it does not say.

    These are its preflight errors (`[ERROR CreateJob]: ...`), each with all its lines, or else the
    last line that it calls an error.
    """
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
    if errors:
        return "; ".join(" ".join(lines).strip() for lines in errors)
    failed = [line.strip() for line in output.splitlines() if _FAILED.match(line.strip())]
    return failed[-1].removeprefix("error: ") if failed else ""


@dataclass
class KeptCoreDns:
    """Whether kubeadm kept CoreDNS as it was, read from its lines: `why` is then its reason."""

    why: str = ""

    def read(self, line: str) -> None:
        """Take in one line of kubeadm."""
        if match := _KEPT.search(line):
            self.why = match["why"]
