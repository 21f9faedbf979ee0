"""How the interpreter is set in a service that a telephone call waits for.

Measured with `dialer bench originate`: a collection of everything that is imported halts every thread
for 40 to 110 ms, which is most of what its slowest calls wait; and a thread that comes back from a commit
waits up to 5 ms for its turn while another computes.
"""

import gc
import sys

_TURN_SECONDS = 0.0005
# New objects before a collection of the young, and collections of one generation before the next older one.
_COLLECTIONS = (20_000, 20, 20)


def keep_pace() -> None:
    """Short turns of the threads, short collections. Call it when everything is imported, or built."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTIONS)
    sys.setswitchinterval(_TURN_SECONDS)
