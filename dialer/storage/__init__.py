"""The database: one metadata, one way to read, one way to write, one feed of event rows."""
