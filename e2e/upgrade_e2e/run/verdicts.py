"""The verdict of a whole pass, from those of its scenarios."""

from __future__ import annotations

from collections.abc import Sequence

from upgrade_e2e.judge import Verdict, combine
from upgrade_e2e.report import ScenarioResult

__all__ = ["verdict_of"]


def verdict_of(
    scenarios: Sequence[ScenarioResult],
    *,
    failed_step: str = "",
    why: str = "",
    error: str = "",
) -> tuple[Verdict, str]:
    """The verdict of a pass, and the reason as a sentence.

    `failed_step` is the name of the step that failed, and the first line of `why` goes with it.
    `error` says why the pass ended before it could be judged; both are empty when all went well.
    """
    if failed_step:
        first = next(iter(why.strip().splitlines()), "")
        return Verdict.FAIL, f"The step {failed_step!r} failed{f': {first}' if first else '.'}"
    if error:
        return Verdict.INCONCLUSIVE, error
    verdict = combine(result.verdict for result in scenarios)
    named = [result for result in scenarios if result.verdict is verdict]
    if verdict is Verdict.PASS:
        if len(named) == 1:
            return verdict, "The one claim that could be judged holds."
        return verdict, f"All {len(named)} claims that could be judged hold."
    word = "Broken" if verdict is Verdict.FAIL else "Cannot tell"
    return verdict, f"{word}: {_in_words(named) if named else 'no scenario was judged'}."


def _in_words(results: Sequence[ScenarioResult]) -> str:
    """The first claim as a person would say it, and the names of the others."""
    first, *others = results
    claim = first.claim.strip().rstrip(".")
    said = first.name if claim in {"", first.name} else f'"{claim}" ({first.name})'
    more = ", ".join(result.name for result in others)
    return f"{said}, and {len(others)} more: {more}" if others else said
