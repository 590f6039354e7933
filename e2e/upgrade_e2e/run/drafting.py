"""A first configuration file: every option with its meaning, and what the cluster at hand says."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upgrade_e2e.cluster.outline import ClusterOutline
from upgrade_e2e.options import Option
from upgrade_e2e.run.config import IMAGES, KEYS
from upgrade_e2e.run.schema import SCHEMA_FILE
from upgrade_e2e.version import KubeVersion

__all__ = ["Draft", "draft_config", "draft_for"]

WIDTH = 96
MOST_WORKERS = 3
"""Own choice: what an ordinary machine carries next to its probers."""
_HEAD = """\
#:schema {schema}
# Options of `upgrade-e2e run` and `plan`, and of pytest with its plugin. The command line wins
# over this file. A line that begins with `# KEY =` shows a default or an example; remove the `#`
# to change it. `upgrade-e2e schema > {schema}` writes the file that lets
# editors complete and check this one.
"""
_EXAMPLES: Mapping[str, Any] = {
    "provider": "kind",
    "from": "v1.33",
    "to": "v1.34",
    "via": ["v1.34"],
    "path": ["v1.32,v1.33", "v1.33,v1.34"],
    "control-planes": 1,
    "workers": 2,
    "kind-config": "kind.yaml",
    "after-create": ["kubectl", "apply", "--filename", "cni.yaml"],
    "upgrade-config": "upgrade.yaml",
    "drain-args": ["--ignore-daemonsets", "--delete-emptydir-data"],
    "step-timeout": 1800,
    "image-catalogue": "catalogue.toml",
    "fault": ["coredns-replicas=1"],
    "guard-forbidden": ["forbidden.yaml"],
    "guard-allowed": ["allowed.yaml"],
    "guard-words": ["images must have a tag"],
    "backup-into": "s3://backups/rehearsal",
    "s3-endpoint": "https://s3.example.org",
    "reuse-cluster": "dev",
    "watch-before": 10,
    "watch-after": 10,
    "limits": "limits.toml",
    "history": "history.sqlite",
    "stock": "stock.toml",
    "scenario": ["dns_latency", "scenarios/test_mine.py"],
}


@dataclass(frozen=True)
class Draft:
    """What a first configuration file says.

    `found` maps names of options to values that are set. `examples` are values that are shown in
    a comment. `remarks` are sentences about where these come from.
    """

    found: Mapping[str, Any] = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def draft_for(outline: ClusterOutline) -> Draft:
    """A rehearsal of the next upgrade of this cluster, on a cluster of the same kind."""
    version = KubeVersion(outline.api.major, outline.api.minor, outline.api.patch)
    found: dict[str, Any] = {
        "from": str(version),
        "to": str(version.minor_version.next()),
        "nearest-patch": True,
    }
    remarks = [f"The context {outline.context} has {_described(outline)}."]
    if outline.control_planes:
        found["control-planes"] = 1 if outline.control_planes == 1 else 3
    else:
        remarks.append("It shows no control plane nodes, as managed clusters do.")
    found["workers"] = min(outline.workers, MOST_WORKERS)
    if outline.workers > MOST_WORKERS:
        remarks.append(f"A rehearsal with {MOST_WORKERS} workers fits an ordinary machine.")
    examples: dict[str, Any] = {}
    if name := outline.kind_cluster:
        examples["reuse-cluster"] = name
        remarks.append(f"reuse-cluster would upgrade the kind cluster {name} itself.")
    return Draft(found, examples, (" ".join(remarks),))


def draft_config(draft: Draft) -> str:
    """The text of a commented upgrade-e2e.toml."""
    parts = [_HEAD.format(schema=SCHEMA_FILE)]
    parts += [_comment(remark) for remark in draft.remarks]
    parts += [_entry(option, draft) for option in KEYS.values()]
    images = f'# [{IMAGES}]\n# "v1.34.3" = "registry.example/node:v1.34.3"\n'
    parts.append(_comment("Node images by version, where the usual ones are not wanted.") + images)
    return "\n".join(parts)


def _described(outline: ClusterOutline) -> str:
    kubelets = ", ".join(str(version) for version in sorted(outline.kubelets)) or "none"
    return (
        f"an API server at {outline.api}, {outline.control_planes} control plane node(s) and "
        f"{outline.workers} other node(s), kubelets at {kubelets}"
    )


def _entry(option: Option, draft: Draft) -> str:
    if option.name in draft.found:
        line = f"{option.name} = {_toml(draft.found[option.name])}\n"
    else:
        line = f"# {option.name} = {_toml(_shown(option, draft))}\n"
    choices = f" One of {', '.join(option.choices)}." if option.choices else ""
    return _comment(f"{option.help}{choices}") + line


def _shown(option: Option, draft: Draft) -> Any:
    """What stands in a comment: an example, or the default."""
    if option.name in draft.examples:
        return draft.examples[option.name]
    return option.default if option.default not in (None, "") else _EXAMPLES[option.name]


def _comment(text: str) -> str:
    return textwrap.indent(textwrap.fill(text, WIDTH, break_on_hyphens=False), "# ") + "\n"


def _toml(value: Any) -> str:
    """A value as TOML writes it: texts and lists of texts are written as in JSON."""
    return json.dumps(str(value) if isinstance(value, Path) else value)
