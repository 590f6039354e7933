"""Which outcome an error of a socket means, without what TLS costs to load."""

from __future__ import annotations

import errno

from .layout import Outcome

BY_ERRNO = {
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


class BadAnswer(Exception):
    """What came back is not of the protocol that was spoken."""
