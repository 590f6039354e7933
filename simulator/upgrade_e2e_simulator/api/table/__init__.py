"""Tables: what `kubectl get` prints, made by the server."""

from upgrade_e2e.providers.sim.api.table.render import table_of, table_row_event

__all__ = ["table_of", "table_row_event"]
