"""Every option that says which pass is run, declared once.

`upgrade-e2e run` and `plan` spell an option `--NAME`, pytest spells it `--upgrade-NAME`, and the
configuration table has the key `NAME`. docs/cli.md explains them.
"""

from upgrade_e2e.options.cluster import (
    DEFAULT_NODE_IMAGE,
    KEEP_CHOICES,
    OF_A_CLUSTER_THAT_STAYS,
    OF_A_NEW_CLUSTER,
)
from upgrade_e2e.options.judging import NIGHTLY, OF_THE_JUDGING, PROFILES
from upgrade_e2e.options.option import Option, split_words
from upgrade_e2e.options.path import OF_THE_PATH, PROVIDERS
from upgrade_e2e.options.run_only import RUN_OPTIONS
from upgrade_e2e.options.scenarios import OF_SCENARIOS
from upgrade_e2e.options.upgrade import OF_THE_UPGRADE

__all__ = [
    "DEFAULT_NODE_IMAGE",
    "KEEP_CHOICES",
    "NIGHTLY",
    "OPTIONS",
    "PROFILES",
    "PROVIDERS",
    "RUN_OPTIONS",
    "Option",
    "split_words",
]

OPTIONS: tuple[Option, ...] = (
    *OF_THE_PATH,
    *OF_A_NEW_CLUSTER,
    *OF_THE_UPGRADE,
    *OF_SCENARIOS,
    *OF_A_CLUSTER_THAT_STAYS,
    *OF_THE_JUDGING,
)
"""All options of a pass, in the order in which help and schema list them."""
