"""The command line of ci/node-image/build."""

import argparse
import platform
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from nodeimage import docker, pins, plan
from nodeimage.command import CommandFailed
from nodeimage.store import Store, default_root

PINS_FILE = Path(__file__).resolve().parent.parent / "pins.toml"
MIB = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what is asked for; 1 when something did not work, 2 for a wrong request."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if not (chosen.versions or chosen.support or chosen.list or chosen.clean):
        parser.error("name at least one version, or --support, --list or --clean.")
    # A caller's time limit ends a build as Ctrl-C does: with nothing half-made left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _obey(chosen, pins.load(PINS_FILE), Store(default_root()))
    except pins.PinsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (CommandFailed, OSError, RuntimeError) as error:
        sys.stderr.write(f"The build stopped: {error}\n")
        sys.stderr.write(
            "ci/kind-host --check tells whether this machine has what a build needs.\n"
        )
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; what was finished is cached, nothing half-made is left.\n")
        return 130
    return 0


def _obey(chosen: argparse.Namespace, known: pins.Pins, store: Store) -> None:
    for version in chosen.versions:
        known.of(version)
    if chosen.clean:
        for name in plan.remove_unused(known, store):
            sys.stdout.write(f"Removed {name} from the cache.\n")
    if chosen.versions or chosen.support:
        if platform.machine() != "x86_64":
            raise RuntimeError(f"images are made for amd64 only; this is {platform.machine()}.")
        plan.ensure(known, chosen.versions, store)
    if chosen.list:
        _list(store)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ci/node-image/build",
        description="Makes kindest/node images, and the images that tests need beside them, "
        "out of Go modules and Debian packages. Needs docker, go and mmdebstrap: see ci/kind-host.",
    )
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="for example v1.34.4")
    parser.add_argument("--support", action="store_true", help="make only the support images")
    parser.add_argument("--list", action="store_true", help="show what is cached and in docker")
    parser.add_argument("--clean", action="store_true", help="drop what no pinned version needs")
    return parser


def _list(store: Store) -> None:
    sys.stdout.write(f"In the cache, {store.root}:\n")
    for name, size in store.artifacts():
        sys.stdout.write(f"  {size / MIB:6.0f} MiB  {name}\n")
    sys.stdout.write("In docker:\n")
    for line in docker.stand_ins():
        sys.stdout.write(f"  {line}\n")
