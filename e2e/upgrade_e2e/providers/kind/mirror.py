"""Images under the names that this cluster wants: those of a mirror, where it has one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from upgrade_e2e.cluster import Cluster, Node
from upgrade_e2e.cluster.image_names import ImageName
from upgrade_e2e.providers.kind.delivery import on_all, runner_of
from upgrade_e2e.providers.kind.node_image import CTR, parse_image_list
from upgrade_e2e.providers.kind.oci import Descriptor

__all__ = ["ImagesOnNodes", "name_for_mirror", "tags_to_make"]


def tags_to_make(
    usual: Mapping[str, str], wanted: Mapping[str, str], present: Collection[str]
) -> dict[str, str]:
    """New names of images on a node, each with the name that the image has there already.

    `usual` are the images under kubeadm's own names, as node images hold them, `wanted` those that
    the cluster asks for, both by component. An image of another tag or of a digest is another
    build, which only the mirror has: it gets no name here.
    """
    made = {}
    for component, name in _lacking(usual, wanted, present).items():
        ours, theirs = ImageName.parse(usual[component]), ImageName.parse(name)
        if theirs.tag == ours.tag and not theirs.digest:
            made[str(theirs.whole)] = usual[component]
    return made


def _lacking(
    usual: Mapping[str, str], wanted: Mapping[str, str], present: Collection[str]
) -> dict[str, str]:
    """The wanted images that a node lacks, of components that it has under kubeadm's name."""
    return {
        component: name
        for component, name in wanted.items()
        if usual.get(component) in present and str(ImageName.parse(name).whole) not in present
    }


def name_for_mirror(
    cluster: Cluster,
    usual: Mapping[str, str],
    wanted: Mapping[str, str],
    write: Callable[[str], None],
) -> None:
    """Give the delivered images the names that the cluster asks for, so that nothing is pulled.

    `usual` and `wanted` are as in `tags_to_make`. `write` gets a line for each name that is made,
    and for each image that only the mirror has.
    """
    lines: dict[str, list[str]] = {node.name: [] for node in cluster.nodes}

    def one(node: Node) -> None:
        inside, said = runner_of(node), lines[node.name]
        present = _images_on(node)
        made = tags_to_make(usual, wanted, present)
        for name, source in made.items():
            inside.run(*CTR, "images", "tag", source, name, timeout_s=60)
            said.append(f"{node.name}: {source} is {name} as well")
        for name in _lacking(usual, wanted, {*present, *made}).values():
            said.append(f"{node.name}: {name} is not in the node image; it is for the node to pull")

    on_all(cluster.nodes, one)
    for node in cluster.nodes:  # not by the threads: lines of two nodes would mix
        for line in lines[node.name]:
            write(line)


def _images_on(node: Node) -> dict[str, Descriptor]:
    return parse_image_list(runner_of(node).run(*CTR, "images", "list", timeout_s=60).stdout)


@dataclass
class ImagesOnNodes:
    """The names that images have on each node; each node is asked once, when it matters."""

    cluster: Cluster
    _digests: dict[str, dict[str, str]] = field(default_factory=dict)

    def are_same(self, node: str, one: str, other: str) -> bool:
        """Whether two names are one image on a node."""
        first, second = (str(ImageName.parse(name).whole) for name in (one, other))
        if first == second:
            return True
        digests = self._of(node)
        return first in digests and digests[first] == digests.get(second)

    def _of(self, name: str) -> dict[str, str]:
        if name not in self._digests:
            found = [node for node in self.cluster.nodes if node.name == name]
            self._digests[name] = {
                image: held.digest for node in found for image, held in _images_on(node).items()
            }
        return self._digests[name]
