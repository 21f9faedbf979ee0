"""Why was this customer called, or not: one line a gate (promise 2)."""
