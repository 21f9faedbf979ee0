"""Carries out the replays that people asked for on the pages: a dull loop."""

from dialer.storage.database import Database
from dialer.storage.work import work_through
from qa.changing.replaying import BEGUN, Replayer

_LONGEST_SLEEP = 5.0


class ReplayWorker:
    """One replay after the other; one whose process was killed is taken up when its lease is over."""

    def __init__(self, db: Database, replayer: Replayer) -> None:
        self._db = db
        self._replayer = replayer

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        await work_through(
            self._db.feed,
            self._replayer.step,
            action="replay",
            longest_sleep=_LONGEST_SLEEP,
            kinds=(BEGUN,),
        )
