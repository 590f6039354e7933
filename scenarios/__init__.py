"""Claims about what an upgrade must not do, a page each; see docs/scenarios.md for writing one."""
