"""Which outcome a failed probe has."""

from __future__ import annotations

import errno
import ssl

from .layout import Outcome

_BY_ERRNO = {
    errno.ECONNREFUSED: Outcome.REFUSED,
    errno.ECONNRESET: Outcome.RESET,
    errno.ECONNABORTED: Outcome.RESET,
    errno.EPIPE: Outcome.RESET,
    errno.EHOSTUNREACH: Outcome.UNREACHABLE,
    errno.ENETUNREACH: Outcome.UNREACHABLE,
    errno.EHOSTDOWN: Outcome.UNREACHABLE,
    errno.ENETDOWN: Outcome.UNREACHABLE,
    errno.ETIMEDOUT: Outcome.TIMEOUT,
    # What follows is what the prober itself lacks, not the target's answer.
    errno.EMFILE: Outcome.NOT_SENT,
    errno.ENFILE: Outcome.NOT_SENT,
    errno.ENOBUFS: Outcome.NOT_SENT,
    errno.ENOMEM: Outcome.NOT_SENT,
    errno.EADDRNOTAVAIL: Outcome.NOT_SENT,
}


def outcome_of_error(error: OSError, *, answering: bool) -> Outcome:
    """The outcome for a socket's error; `answering` when a part of the answer was there."""
    if isinstance(error, ssl.SSLError):
        ended = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        outcome = Outcome.RESET if ended else Outcome.TLS_ERROR
    else:
        outcome = _BY_ERRNO.get(error.errno or 0, Outcome.OTHER)
    return Outcome.RESET_IN_BODY if answering and outcome == Outcome.RESET else outcome


class BadAnswer(Exception):
    """What came back is not HTTP."""
