"""One name for one thing: no function is called like its module, no two classes alike."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "e2e" / "upgrade_e2e", ROOT / "fixtures" / "pytest_upgrade_e2e")
# A program of its own, which is not imported together with the rest.
APART = (PACKAGES[0] / "agent",)


def modules(folders: tuple[Path, ...] = PACKAGES) -> list[tuple[Path, ast.Module]]:
    """The modules of the library and the plugin, parsed."""
    paths = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        if not any(path.is_relative_to(apart) for apart in APART)
    ]
    return [(path, ast.parse(path.read_text("utf-8"))) for path in paths]


def homonyms(path: Path, tree: ast.Module) -> Iterator[str]:
    """The names in a module that are the module's own.

    `from package.gate import gate` would give either. A class is apart by its capital letters:
    `samples.py` may hold `Samples`, as long as nothing else in it has that name.
    """
    plain = _plain(path.stem)
    named = [node for node in tree.body if isinstance(node, DEFINED) and _plain(node.name) == plain]
    functions = [node for node in named if not isinstance(node, ast.ClassDef)]
    lower = [node for node in named if isinstance(node, ast.ClassDef) and node.name.islower()]
    for node in (*functions, *lower, *named[2:]):
        yield f"{path.name} holds {node.name}"


DEFINED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def twins(trees: list[tuple[Path, ast.Module]]) -> dict[str, list[str]]:
    """The class names that stand in more than one module."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in trees:
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path.name)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_function_is_called_like_its_module():
    found = [name for path, tree in modules() for name in homonyms(path, tree)]
    assert found == []


def test_no_two_classes_have_one_name():
    trees = modules()
    assert len(trees) > 100
    assert twins(trees) == {}


def test_names_that_clash_are_found():
    source = "def see(): ...\nclass Rows: ...\nclass SE_E: ..."
    tree = ast.parse(source)
    assert list(homonyms(Path("see.py"), tree)) == ["see.py holds see"]
    assert list(homonyms(Path("rows.py"), tree)) == []
    assert twins([(Path("a.py"), tree), (Path("b.py"), tree)])["Rows"] == ["a.py", "b.py"]
