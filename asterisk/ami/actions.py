"""An action on its way: who waits for it, until when, and which messages answer it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from panoramisk.actions import Action

from asterisk.ami.wire import Fields
from dialer.telephony.port import RequestUncertain

HeaderValue = str | Sequence[str]


class PendingAction(Action):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's action with rules of its own for what completes it.

    A plain action is answered by its Response, a list action by its Response, its events and the event that
    ends the list; an error ends both. Events that merely carry the id of a plain action
    (OriginateResponse) are never swallowed. The future holds all answers, the Response first.
    """

    def __init__(self, headers: Mapping[str, HeaderValue], *, as_list: bool, seconds: float) -> None:
        super().__init__(dict(headers), as_list=as_list)
        self._answers: list[Fields] = []
        self.future: asyncio.Future[list[Fields]] = asyncio.get_running_loop().create_future()
        timer = self.future.get_loop().call_later(seconds, self._expire, seconds)
        self.future.add_done_callback(lambda _: timer.cancel())

    @property
    def id(self) -> str:
        return str(self["ActionID"])

    def headers(self) -> Iterator[tuple[str, HeaderValue]]:
        """What goes on the wire, the Action first."""
        yield "Action", self["Action"]
        for key, value in self.items():
            if key.lower() != "action":
                yield key, value

    def add_message(self, message: Fields) -> bool:
        """Take a message with this action's id. False: it is no answer, an event for everybody."""
        is_event = "Event" in message
        if is_event and not (self.as_list and self._answers):
            return False
        self._answers.append(message)
        failed = not is_event and message.get("Response") not in ("Success", "Follows", "Goodbye")
        ended = is_event and message.get("EventList") in ("Complete", "Cancelled")
        if (failed or ended or not self.as_list) and not self.future.done():
            self.future.set_result(self._answers)
        return True

    def fail(self, error: Exception) -> None:
        """Wake whoever waits."""
        if not self.future.done():
            self.future.set_exception(error)

    def _expire(self, seconds: float) -> None:
        self.fail(
            RequestUncertain(
                f"Asterisk did not answer {self['Action']} within {seconds:g} s: "
                "whether it had an effect is unknown. Check the load of the Asterisk machine."
            )
        )
