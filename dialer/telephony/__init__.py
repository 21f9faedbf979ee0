"""What the core knows of telephones: a vocabulary, a port, and a fake of it.

The only part of `dialer` that `asterisk` may see.
"""
