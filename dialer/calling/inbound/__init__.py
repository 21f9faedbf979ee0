"""Customers who ring: matched, put through to an agent, and a ticket for each (D9, K0)."""
