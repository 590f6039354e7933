"""What scenarios need from the user: manifests for a policy, a place for snapshots."""

from __future__ import annotations

from pathlib import Path

from upgrade_e2e.options.option import Option

__all__ = ["OF_SCENARIOS"]

OF_SCENARIOS: tuple[Option, ...] = (
    Option(
        "guard-forbidden",
        "A manifest of an object that a policy of yours forbids; goes with --guard-allowed and "
        "--guard-words. May be repeated, and the three belong together by their order.",
        Path,
        metavar="FILE",
        multiple=True,
        planned=False,
    ),
    Option(
        "guard-allowed",
        "A manifest of an object that differs from the forbidden one only in what the policy looks "
        "at, and that it allows.",
        Path,
        metavar="FILE",
        multiple=True,
        planned=False,
    ),
    Option(
        "guard-words",
        "A part of the message with which the policy refuses the forbidden object. A refusal in "
        "other words does not count as its own.",
        metavar="TEXT",
        multiple=True,
        planned=False,
    ),
    Option(
        "backup-into",
        "Where the snapshots of etcd go that a scenario takes in the pass, and stay: a folder, or "
        "s3://BUCKET/PREFIX. Default: the folder of the pass, which keeps those that are not "
        "whole.",
        default="",
        metavar="LOCATION",
        planned=False,
    ),
    Option(
        "s3-endpoint",
        "The address of an S3 server that is not Amazon's, for --backup-into. Default: that of the "
        "environment.",
        default="",
        metavar="URL",
        planned=False,
    ),
)
