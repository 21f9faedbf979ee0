"""The live feed: event rows to the pages as they are written (SSE)."""
