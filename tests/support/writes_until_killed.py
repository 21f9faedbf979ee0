"""A process that writes rows as quickly as it can and prints each one's number once it is acknowledged."""

import asyncio
import sys
from functools import partial
from itertools import count

from dialer.storage.database import Database
from dialer.storage.feed import emit
from tests.support.core import NOW


async def main(url: str) -> None:
    """Several writers at once, so that they share commits."""
    database = Database(url)
    await database.start()
    numbers = count()

    async def write() -> None:
        while True:
            number = next(numbers)
            await database.write(partial(emit, kind="acknowledged", subject=str(number), at=NOW))
            print(number, flush=True)

    await asyncio.gather(*(write() for _ in range(8)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
