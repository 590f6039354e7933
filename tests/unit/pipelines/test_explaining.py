"""What a change was found to ask for, as it is printed."""

from upgrade_e2e.bumps import Question, answer_of, find_bumps
from upgrade_e2e.pipelines import Unknown, explain, matrix_of_answer

DIFF = """--- a/{file}
+++ b/{file}
@@ -1 +1 @@
-kubernetes_version = "{old}"
+kubernetes_version = "{new}"
"""


def answer(*changes):
    """The answer to a change of files, each from one version to another; none is known."""
    text = "".join(DIFF.format(file=file, old=old, new=new) for file, old, new in changes)
    return answer_of(find_bumps(text, Question()), ())


def lines(found, *, annotations=False, failing=()):
    """What is printed of an answer."""
    return list(explain(found, failing, Unknown.FAIL, annotations=annotations))


DOWN = answer(
    ("a.tfvars", "1.34.3", "1.33.7"),
    ("b.tfvars", "1.35.0", "1.33.7"),
    ("c.tfvars", "1.34.3", "1.33.7"),
)


def test_one_reason_for_several_places_is_said_once():
    first, a, c, b = lines(DOWN)
    assert first.startswith("unknown: 2 places: goes down from v1.34.3 to v1.33.7: not walked; if")
    assert a.startswith("  a.tfvars:1: kubernetes_version: 1.34.3 -> 1.33.7")
    assert c.startswith("  c.tfvars:1: ")
    assert b.startswith("unknown: b.tfvars:1: kubernetes_version: 1.35.0 -> 1.33.7")
    assert ": goes down from v1.35.0 to v1.33.7: not walked" in b


def test_an_annotation_stands_at_each_place_with_its_reason():
    found = lines(DOWN, annotations=True, failing=DOWN.unknown[2:])
    assert sorted(line.partition(",")[0] for line in found) == [
        "::error file=c.tfvars",
        "::warning file=a.tfvars",
        "::warning file=b.tfvars",
    ]
    assert all("not walked; if v1.3" in line for line in found)


def test_a_change_of_which_something_is_unknown_does_not_ask_for_nothing():
    text = matrix_of_answer(DOWN).render()
    assert text.startswith("No path to walk, and 3 places are unknown")
    one = answer(("a.tfvars", "1.34.3", "1.33.7"))
    assert "1 place is unknown" in matrix_of_answer(one).render()
    assert "asks for no upgrade" in matrix_of_answer(answer()).render()
