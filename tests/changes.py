"""Changes of files as diffs, as git writes them."""

from __future__ import annotations

import difflib
import re

from unidiff import PatchSet

WHOLE = 100_000
"""Lines of context: more than any file of a test has."""


def diff_of(name, old, new, context=3, *, headings=True):
    """The diff between two texts of one file; None is a file that is not there.

    Without `headings` no hunk names the block that it begins in, as other programs write it.
    """
    source, target = (text.splitlines(keepends=True) if text else [] for text in (old, new))
    diff = "".join(_lines(name, source, target, context, is_new=old is None, is_gone=new is None))
    return diff if headings else re.sub(r"(?m)^(@@.*@@).*$", r"\1", diff)


def shortened(diff):
    """A diff of whole files with three lines of context."""
    return "".join(
        "".join(
            _lines(
                file.path,
                [line.value for hunk in file for line in hunk if not line.is_added],
                [line.value for hunk in file for line in hunk if not line.is_removed],
                3,
                is_new=file.is_added_file,
                is_gone=file.is_removed_file,
                source_name=file.source_file.removeprefix("a/"),
            )
        )
        for file in PatchSet(diff)
    )


def _lines(name, old, new, context, *, is_new=False, is_gone=False, source_name=None):
    before, after = f"a/{source_name or name}", f"b/{name}"
    if is_new:
        before = f"a/{name}"
    yield f"diff --git {before} {after}\n"
    if is_new or is_gone:
        yield f"{'new' if is_new else 'deleted'} file mode 100644\n"
    from_file, to_file = "/dev/null" if is_new else before, "/dev/null" if is_gone else after
    for line in difflib.unified_diff(old, new, from_file, to_file, n=context):
        begin = re.match(r"@@ -(\d+)", line)
        heading = _heading(old, int(begin[1])) if begin else ""
        end = "" if line.endswith("\n") else "\n\\ No newline at end of file\n"
        yield f"{line.rstrip()} {heading}\n" if heading else line + end


def _heading(lines, number):
    """What git writes behind the second @@: the last line before it that begins at the margin."""
    above = reversed(lines[: max(number - 1, 0)])
    return next((line for line in above if re.match(r"[A-Za-z_$]", line)), "").rstrip()[:79]
