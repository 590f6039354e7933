"""The file of a kind configuration: its text, and the one document in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from upgrade_e2e.errors import BadInput

__all__ = ["API_VERSION", "only_document", "shown", "without_tabs"]

API_VERSION = "kind.x-k8s.io/v1alpha4"


def only_document(file: Path) -> tuple[str, dict[str, Any]]:
    """The text of the file, and its one document; raises BadInput where there is none, or more."""
    try:
        text = without_tabs(file.read_text(encoding="utf-8-sig"))
        documents = [found for found in yaml.safe_load_all(text) if found is not None]
    except OSError as error:
        raise BadInput(
            f"kind-config {file} cannot be read ({error.strerror}); check the path and its rights."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise BadInput(
            f"kind-config {file} is not YAML: {said}; indent with spaces, save it as UTF-8, and "
            "fill in templates before."
        ) from error
    if not documents:
        raise BadInput(
            f"kind-config {file} is empty; write `kind: Cluster` and `apiVersion: {API_VERSION}` "
            "into it, or leave the option out."
        )
    if len(documents) > 1:
        raise BadInput(
            f"kind-config {file} has {len(documents)} documents, and kind reads only the first; "
            "leave one cluster in it."
        )
    if not isinstance(documents[0], dict):
        raise BadInput(
            f"kind-config {file} is no configuration but {shown(documents[0])}; it begins with "
            f"`kind: Cluster` and `apiVersion: {API_VERSION}`."
        )
    return text, documents[0]


def without_tabs(text: str) -> str:
    """JSON that is indented with tabs, which kind reads and PyYAML does not, on one line."""
    if "\t" not in text or not text.lstrip().startswith("{"):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text


def shown(value: object) -> str:
    """A value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
