"""OPA Gatekeeper: its image out of its Go module, and its manifest for nodes without a registry."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from nodeimage import archive, docker, gobuild, keys, layers
from nodeimage.archive import Image
from nodeimage.gobuild import GoProgram
from nodeimage.layers import File, Folder
from nodeimage.progress import step
from nodeimage.store import Store

VERSION = "v3.23.1"
MODULE = "github.com/open-policy-agent/gatekeeper/v3"
MANIFEST = "deploy/gatekeeper.yaml"
ARCHIVE = "image.tar"
_IMAGE = re.compile(r"(?m)^\s*image: (\S+)$")
_PULLS = "imagePullPolicy: Always"


@dataclass(frozen=True)
class GatekeeperImage:
    """The stand-in under the name that the manifest has: the program, and nothing else."""

    tag: str

    @property
    def key(self) -> str:
        """Changes with anything that goes into the image."""
        recipe = keys.recipe_key("gatekeeper", "archive", "layers")
        return keys.content_key(program().key, recipe, self.tag)

    @property
    def cached_as(self) -> str:
        """The artifact's name in the cache."""
        return "image-gatekeeper"

    def ensure(self, store: Store) -> None:
        """Load the image into docker, made unless the cache has it."""
        made = store.make(self.cached_as, self.key, functools.partial(self._fill, store))
        docker.load(made / ARCHIVE)

    def _fill(self, store: Store, target: Path) -> None:
        built = program().build(store)
        with step(f"put {self.tag} together"), store.scratch("gatekeeper-") as scratch:
            # The name that the manifest starts; Go names it after the module.
            manager = File("manager", built / "gatekeeper", 0o755)
            layer = layers.write(scratch / "layer.tar", [Folder("tmp", 0o1777), manager])
            image = Image(
                (self.tag,),
                (layer,),
                entrypoint=("/manager",),
                user="65532:65532",
                labels=docker.stand_in_labels(self.key, f"{MODULE} {VERSION}"),
            )
            archive.write(target / ARCHIVE, [image])


def program() -> GoProgram:
    """The controller, which is webhook and audit in one."""
    version = f"-X={MODULE}/pkg/version.Version={VERSION}"
    return GoProgram(f"gatekeeper-{VERSION}", MODULE, VERSION, (MODULE,), ("-s", "-w", version))


def manifest() -> str:
    """The module's own manifest, with an image that nodes have already."""
    folder = gobuild.module_folder(MODULE, VERSION)
    return never_pulled((folder / MANIFEST).read_text(encoding="utf-8"))


def never_pulled(text: str) -> str:
    """A manifest whose images are taken from the node; RuntimeError where they are already."""
    if _PULLS not in text:
        raise RuntimeError(f"{MANIFEST} of {MODULE} {VERSION} has no {_PULLS!r} to replace.")
    return text.replace(_PULLS, "imagePullPolicy: IfNotPresent")


def image_in(text: str) -> GatekeeperImage:
    """The one image that a manifest names; RuntimeError where it is not one."""
    found = set(_IMAGE.findall(text))
    if len(found) != 1:
        raise RuntimeError(
            f"{MANIFEST} of {MODULE} {VERSION} names {sorted(found)}, which is not one image."
        )
    return GatekeeperImage(found.pop().strip("\"'"))
