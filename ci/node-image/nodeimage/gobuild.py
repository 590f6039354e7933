"""Builds programs out of published Go modules."""

import functools
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from nodeimage import command, keys
from nodeimage.progress import step
from nodeimage.store import Store

FLAGS = ("-trimpath", "-buildvcs=false")
STAGING = re.compile(r"=> \./staging/src/(k8s\.io/\S+)")


@dataclass(frozen=True)
class GoProgram:
    """One `go build`: packages of one module at one version."""

    name: str
    module: str
    version: str
    packages: tuple[str, ...]
    ldflags: tuple[str, ...] = ("-s", "-w")
    cgo: bool = False
    # The module names sibling modules by a path of its own repository (Kubernetes does).
    staged: bool = False

    @property
    def key(self) -> str:
        """Changes with the program, the compiler and this recipe."""
        return keys.content_key(asdict(self), go_version(), keys.recipe_key("gobuild"))

    @property
    def cached_as(self) -> str:
        """The artifact's name in the cache."""
        return self.name

    def build(self, store: Store) -> Path:
        """The folder with the programs, built unless the cache has it."""
        return store.make(self.cached_as, self.key, functools.partial(self._fill, store))

    def _fill(self, store: Store, target: Path) -> None:
        with step(f"compile {self.name}"), store.scratch("go-") as scratch:
            module = scratch / "module"
            module.mkdir()
            if self.staged:
                _write_staged_module(module, self.module, self.version)
            else:
                (module / "go.mod").write_text("module build\n", encoding="utf-8")
                command.run(
                    ["go", "get", f"{self.module}@{self.version}"], cwd=module, env=_environment()
                )
            flags = (*FLAGS, "-mod=mod", "-ldflags", " ".join(self.ldflags))
            command.run(
                ["go", "build", *flags, "-o", f"{target}/", *self.packages],
                cwd=module,
                env=_environment(cgo=self.cgo) | _work_folder(scratch),
            )


def build_local(source: Path, target: Path, ldflags: str) -> None:
    """Build a program whose source lies in this repository."""
    command.run(
        ["go", "build", *FLAGS, "-ldflags", ldflags, "-o", f"{target}/", "."],
        cwd=source,
        env=_environment(),
    )


@functools.cache
def go_version() -> str:
    """The compiler that will be used."""
    return command.run(["go", "env", "GOVERSION"], env={"GOTOOLCHAIN": "local"}).strip()


def module_folder(module: str, version: str) -> Path:
    """Where the module's files lie, fetched if need be."""
    command.run(["go", "mod", "download", f"{module}@{version}"], env=_environment())
    cache = command.run(["go", "env", "GOMODCACHE"]).strip()
    return Path(cache) / f"{module}@{version}"


def staged_go_mod(go_mod: str, module: str, version: str) -> str:
    """The module's own go.mod, with the siblings taken from where they are published.

    The build so uses exactly the dependencies that the module was released with.
    """
    sibling = version.replace("v1.", "v0.", 1)
    text = STAGING.sub(rf"=> \1 {sibling}", go_mod)
    text = re.sub(r"(?m)^module .*$", "module build", text, count=1)
    return text + f"\nrequire {module} {version}\n"


def _write_staged_module(folder: Path, module: str, version: str) -> None:
    source = module_folder(module, version)
    go_mod = (source / "go.mod").read_text(encoding="utf-8")
    (folder / "go.mod").write_text(staged_go_mod(go_mod, module, version), encoding="utf-8")
    (folder / "go.sum").write_bytes((source / "go.sum").read_bytes())


def _environment(*, cgo: bool = False) -> dict[str, str]:
    return {"CGO_ENABLED": "1" if cgo else "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _work_folder(scratch: Path) -> dict[str, str]:
    """The compiler's work files, where they go away even if it is ended by force."""
    work = scratch / "go-work"
    work.mkdir(exist_ok=True)
    return {"GOTMPDIR": str(work)}
