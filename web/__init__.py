"""The panel: pages for agents, supervisors and QA, and the live feed behind them."""
