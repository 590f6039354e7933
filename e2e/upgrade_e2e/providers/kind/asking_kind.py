"""Asks kind whether it accepts a configuration, without making anything."""

from __future__ import annotations

import re

from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput, CommandFailed
from upgrade_e2e.providers.kind.checks import KIND_ENV
from upgrade_e2e.providers.kind.kind_config import KindConfig

__all__ = ["require_accepted"]

_NO_NAME = "not/a/name"
"""A name that neither kind nor docker allows. kind reads the whole configuration and checks it
together with the name, so that it answers before it makes anything."""
_ABOUT_NAME = re.compile(
    rf"'{_NO_NAME}' is not a valid cluster name, cluster names must match `[^`]*`(, )?"
)
_BEFORE_NAMES = ("unable to decode config", "could not determine kind / apiVersion")
_FAILED = "ERROR: failed to create cluster: "
_ASK_S = 30.0


def require_accepted(config: KindConfig, host: Runner | None = None) -> None:
    """Refuse, with BadInput and kind's words, a configuration that this machine's kind refuses.

    Where kind or docker cannot answer, nothing is said: whether they work is looked at before a
    cluster is made.
    """
    asked = host or Runner(env=KIND_ENV)
    try:
        asked.run(
            *("kind", "create", "cluster", "--name", _NO_NAME, "--config", "-"),
            timeout_s=_ASK_S,
            stdin=config.text,
            cwd=config.folder,
        )
    except CommandFailed as error:
        if said := _refusal(error.output):
            raise BadInput(
                f"kind does not accept kind-config {config.file}: {said}; correct it in the file, "
                "or install the release of kind that it was written for."
            ) from error


def _refusal(output: str) -> str:
    """What kind has against the configuration, on one line; empty for nothing."""
    said = " ".join(output.partition(_FAILED)[2].split())
    if said.startswith(_BEFORE_NAMES):
        return said
    rest, about_name = _ABOUT_NAME.subn("", said)
    return rest.strip("[] ").removesuffix(",") if about_name else ""
