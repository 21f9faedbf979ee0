"""The command `dialer`."""
