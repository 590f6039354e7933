"""The repository's own tests run inside pytest's test harness for plugins."""

pytest_plugins = ["pytester"]
