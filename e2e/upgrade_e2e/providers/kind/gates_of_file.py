"""Feature gates in a kind configuration, asked of the kubelets of the path before anything is made.

A cluster with a gate that its first version does not take is not made, and kind waits for minutes
before it says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.kind_config import KindConfig
from upgrade_e2e.providers.kind.ledger import Ledger
from upgrade_e2e.providers.kind.own_patches import mappings_in, merge_patches
from upgrade_e2e.providers.kind.remains import scratch_container
from upgrade_e2e.providers.kind.removed_gates import OLD_KUBELET, gates_refused, written_gates
from upgrade_e2e.version import KubeVersion

__all__ = ["configured_gates", "require_gates_taken"]


def configured_gates(text: str) -> tuple[str, ...]:
    """The gates, as `NAME=true`, that every kubelet of a kind configuration would be given.

    `text` is one that has been checked. Gates of one component of the control plane alone are not
    among them: a kubelet need not know these.
    """
    config = next(mappings_in(text), {})
    found = list(written_gates(config))
    for patch in merge_patches(text):
        if patch.get("kind") == "KubeletConfiguration":
            found += written_gates(patch)
    return tuple(dict.fromkeys(found))


def require_gates_taken(
    config: KindConfig, docker: Docker, ledger: Ledger, images: Iterable[tuple[KubeVersion, str]]
) -> None:
    """Refuse, with BadInput, gates that the kubelet of a version does not take.

    `images` are node images that are here, each with its version. Each runs for as long as its
    kubelet needs for an answer.
    """
    gates = configured_gates(config.text)
    for version, image in images if gates else ():
        with scratch_container(docker, ledger, image) as container:
            docker.start(container)
            refused = gates_refused(docker.node(container), OLD_KUBELET, gates)
        if refused:
            named = "; ".join(f"{gate} ({why})" for gate, why in refused.items())
            raise BadInput(
                f"kind-config {config.file}: {version} does not take the feature gates {named}, so "
                "its programs would not start; take them out of the file, or choose another path."
            )
