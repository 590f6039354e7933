"""What stock upgrades cost, and a pass next to that."""

from upgrade_e2e.gate.stock.making import fault_in_stock, same_kind_problem, stock_cost
from upgrade_e2e.gate.stock.profile import (
    StockCost,
    StockProfile,
    load_stock,
    shipped_file,
    shipped_stock,
    wording,
)
from upgrade_e2e.gate.stock.weighing import weigh, weigh_again
from upgrade_e2e.gate.stock.writing import stock_text

__all__ = [
    "StockCost",
    "StockProfile",
    "fault_in_stock",
    "load_stock",
    "same_kind_problem",
    "shipped_file",
    "shipped_stock",
    "stock_cost",
    "stock_text",
    "weigh",
    "weigh_again",
    "wording",
]
