"""Root file systems out of Debian packages."""

from dataclasses import asdict, dataclass
from pathlib import Path

from nodeimage import command, keys, layers
from nodeimage.layers import Entry, File
from nodeimage.progress import step
from nodeimage.store import Store

ROOT_TAR = "root.tar"
# Packages that are only unpacked have not made the accounts and the resolver's settings.
USERS = (
    "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n"
    "nobody:x:65534:65534::/:/bin/false\nnonroot:x:65532:65532::/:/bin/false\n"
)
GROUPS = "root:x:0:\nadm:x:4:\nwww-data:x:33:\nnogroup:x:65534:\nnonroot:x:65532:\n"
ACCOUNTS: tuple[Entry, ...] = (
    File("etc/passwd", USERS.encode()),
    File("etc/group", GROUPS.encode()),
    File("etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n"),
)
# The build machine's own settings do not belong into an image.
OF_THE_MACHINE = ("etc/apt/sources.list", "etc/hostname", "etc/resolv.conf", "etc/machine-id")


@dataclass(frozen=True)
class DebianRoot:
    """Packages of one release. `extract` only unpacks: seconds, but no script has run."""

    name: str
    release: str
    packages: tuple[str, ...]
    variant: str = "extract"
    drop: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Changes with the packages' names, not with the archive's newest point release."""
        return keys.content_key(asdict(self), keys.recipe_key("debian", "layers"))

    @property
    def cached_as(self) -> str:
        """The artifact's name in the cache."""
        return f"root-{self.name}"

    def build(self, store: Store) -> Path:
        """The root as a tar file, made unless the cache has it."""
        return store.make(self.cached_as, self.key, self._fill) / ROOT_TAR

    def _fill(self, target: Path) -> None:
        with step(f"unpack Debian packages for {self.name}"):
            raw = target / "raw.tar"
            command.run(
                [
                    "mmdebstrap",
                    f"--variant={self.variant}",
                    f"--include={','.join(self.packages)}",
                    "--dpkgopt=force-unsafe-io",
                    self.release,
                    str(raw),
                    *mirrors(self.release),
                ],
                env={"SOURCE_DATE_EPOCH": "0"},
            )
            drop = (*layers.UNREAD, *OF_THE_MACHINE, *self.drop)
            extra = ACCOUNTS if self.variant == "extract" else ()
            with (target / ROOT_TAR).open("wb") as out:
                layers.filtered(raw, out, drop, extra)
            raw.unlink()


def mirrors(release: str) -> list[str]:
    """The archives that this machine's apt uses for the release; none means mmdebstrap's own."""
    fields = "$(REPO_URI)|$(CODENAME)|$(COMPONENT)"
    listed = command.run(["apt-get", "indextargets", "--format", fields, "Created-By: Packages"])
    found: list[str] = []
    for line in listed.splitlines():
        uri, codename, component = line.split("|")
        if component == "main" and codename in {release, f"{release}-security"}:
            found.append(f"deb {uri} {codename} main")
    return found
