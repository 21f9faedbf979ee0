"""What runs on the telephone system's machine when the service is on another: it hands out recordings and the
channel event log, and takes away what the service has verified (A6, D8)."""
