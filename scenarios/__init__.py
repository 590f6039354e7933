"""Claims about what an upgrade must not do. docs/scenarios.md shows how to write one."""
