"""`dialer trace`: the whole story of one call, from every table and log that knows of it (O1)."""
