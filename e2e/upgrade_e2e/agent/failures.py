"""Which outcome a failed probe has."""

from __future__ import annotations

import ssl

from .layout import Outcome
from .socket_errors import BY_ERRNO, BadAnswer

__all__ = ["BadAnswer", "outcome_of_error"]


def outcome_of_error(error: OSError, *, answering: bool) -> Outcome:
    """The outcome for a socket's error; `answering` when a part of the answer was there."""
    if isinstance(error, ssl.SSLError):
        ended = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        outcome = Outcome.RESET if ended else Outcome.TLS_ERROR
    else:
        outcome = BY_ERRNO.get(error.errno or 0, Outcome.OTHER)
    return Outcome.RESET_IN_BODY if answering and outcome == Outcome.RESET else outcome
