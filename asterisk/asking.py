"""What an Asterisk says of itself when it is asked, for `dialer doctor` (O5). Nothing in it is changed.

Rights are asked for by ListCommands, which has no effect. The one call is a Local channel into the context
`huifang-doctor` of our own dialplan: it rings nobody, and what is heard of it proves the right to originate,
the event filter, the dialplan, the folder of recordings and the channel event log, all at once.
"""

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ssl import SSLContext

from asterisk.ami import AmiManager, AmiTimes, Fields, LinkFault
from dialer.telephony.port import RequestRefused, TelephonyError

DOCTOR_CONTEXT = "huifang-doctor"

# What the service asks of Asterisk.
ACTIONS = (
    "CoreSettings",
    "CoreStatus",
    "DeviceStateList",
    "Getvar",
    "Hangup",
    "Originate",
    "Ping",
    "PlayDTMF",
    "Redirect",
    "Setvar",
    "ShowDialPlan",
    "Status",
)
# A call, its recording, what an agent may do in it, and the test of his phone cannot do without these.
MODULES = (
    "app_bridgeaddchan.so",
    "app_chanspy.so",
    "app_dial.so",
    "app_echo.so",
    "app_mixmonitor.so",
    "app_playback.so",
    "app_playtones.so",
    "app_senddtmf.so",
    "app_softhangup.so",
    "app_stack.so",
    "app_userevent.so",
    "func_callerid.so",
    "func_channel.so",
    "func_env.so",
    "func_logic.so",
    "func_periodic_hook.so",
    "func_strings.so",
    "func_timeout.so",
    "cel_custom.so",
    "res_manager_devicestate.so",
    "res_musiconhold.so",
)
OPTIONS = ("allow_transfer", "direct_media", "allow", "aors")

_TRIAL_SECONDS = 5.0
_TIMES = AmiTimes(connect=5, action=5, boot=10, ping_every=60)


@dataclass(frozen=True, slots=True)
class TrialCall:
    """The call that rings nobody. `answer` is what our dialplan told in it; None: nothing was heard of it."""

    check: str
    refused: str = ""
    heard: tuple[str, ...] = ()
    answer: Fields | None = None

    @property
    def channel_id(self) -> str:
        """The Uniqueid of its first channel."""
        return f"doctor-{self.check}"


@dataclass(frozen=True, slots=True)
class Answers:
    """What one Asterisk said of itself.

    `actions` are those the user may send. `endpoints` holds the options of each PJSIP endpoint that was asked
    for, empty where there is none of that name; None where Asterisk cannot tell. `clock_ahead` is its clock
    minus ours, in seconds.
    """

    core: Fields
    actions: frozenset[str]
    trial: TrialCall
    clock_ahead: float | None = None
    dialplan: tuple[Fields, ...] = ()
    devices: Mapping[str, str] | None = None
    modules: Mapping[str, bool | None] = field(default_factory=dict)
    endpoints: Mapping[str, Mapping[str, str]] | None = None
    contacts: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """As Asterisk tells it."""
        return self.core.get("AsteriskVersion", "")


async def ask(
    *,
    host: str,
    port: int,
    username: str,
    secret: str,
    ssl: SSLContext | None = None,
    endpoints: Iterable[str] = (),
    trunks: Iterable[str] = (),
) -> Answers:
    """Ask everything over a link of its own, beside the one of a running service.

    Raises:
        LinkFault: there is no link; it says why and what to do.
    """
    heard = _Heard()
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def on_ready() -> None:
        if not ready.done():
            ready.set_result(None)

    def on_down(fault: LinkFault) -> None:
        if not ready.done():
            ready.set_exception(fault)

    manager = AmiManager(
        host=host,
        port=port,
        username=username,
        secret=secret,
        ssl=ssl,
        times=_TIMES,
        on_ready=on_ready,
        on_down=on_down,
    )
    manager.register_event("*", lambda _, fields: heard.add(fields))
    manager.connect()
    try:
        await ready
        return await _Asker(manager, heard).everything(tuple(endpoints), tuple(trunks))
    finally:
        await manager.aclose()


class _Heard:
    """Every event of this session, and a way to wait for the next one."""

    def __init__(self) -> None:
        self.messages: list[Fields] = []
        self._news = asyncio.Event()

    def add(self, message: Fields) -> None:
        self.messages.append(message)
        self._news.set()

    async def next(self) -> None:
        self._news.clear()
        await self._news.wait()

    def of(self, check: str, mark: int) -> list[Fields]:
        """Those of the trial call, which has `check` in its ids."""
        return [one for one in self.messages[mark:] if any(check in value for value in one.values())]


class _Asker:
    def __init__(self, manager: AmiManager, heard: _Heard) -> None:
        self._manager = manager
        self._heard = heard

    async def everything(self, endpoints: tuple[str, ...], trunks: tuple[str, ...]) -> Answers:
        core = await self._list({"Action": "CoreSettings"})
        listed = (await self._list({"Action": "ListCommands"}) or [{}])[0]
        options = await self._endpoints((*endpoints, *trunks))
        return Answers(
            core=core[0] if core else {},
            actions=frozenset(listed) - {"Response", "ActionID"},
            trial=await self._trial_call(),
            clock_ahead=await self._clock_ahead(),
            dialplan=await self._dialplan(),
            devices=await self._devices(),
            modules={name: _truth(await self._value(f"IFMODULE({name})")) for name in MODULES},
            endpoints=options,
            contacts={one: await self._contact(one, options[one]) for one in trunks} if options else {},
        )

    async def _list(self, action: Mapping[str, str]) -> list[Fields] | None:
        """The answers to an action; None where it was refused."""
        as_list = action["Action"] in ("ShowDialPlan", "DeviceStateList")
        try:
            return await self._manager.request(action, as_list=as_list)
        except RequestRefused:
            return None

    async def _value(self, variable: str) -> str | None:
        """A variable or function; None where Asterisk cannot tell."""
        found = await self._list({"Action": "Getvar", "Variable": variable})
        return found[0].get("Value", "") if found else None

    async def _clock_ahead(self) -> float | None:
        before = time.time()
        answer = await self._list({"Action": "Ping"})
        after = time.time()
        try:
            return float(answer[0]["Timestamp"]) - (before + after) / 2 if answer else None
        except (KeyError, ValueError):
            return None

    async def _dialplan(self) -> tuple[Fields, ...]:
        found: list[Fields] = []
        for context in ("huifang-agent", DOCTOR_CONTEXT):
            found += await self._list({"Action": "ShowDialPlan", "Context": context}) or []
        return tuple(row for row in found if row.get("Event") == "ListDialplan")

    async def _devices(self) -> dict[str, str] | None:
        rows = await self._list({"Action": "DeviceStateList"})
        return (
            None if rows is None else {row["Device"]: row.get("State", "") for row in rows if "Device" in row}
        )

    async def _endpoints(self, names: tuple[str, ...]) -> dict[str, dict[str, str]] | None:
        """By the dialplan function PJSIP_ENDPOINT, which a user without the right `system` may read."""
        if await self._value("IFMODULE(func_pjsip_endpoint.so)") != "1":
            return None
        found: dict[str, dict[str, str]] = {}
        for name in dict.fromkeys(names):
            found[name] = options = {}
            for option in OPTIONS:
                value = await self._value(f"PJSIP_ENDPOINT({name},{option})")
                if not value:
                    break  # there is none: each further question would be a line in Asterisk's log
                options[option] = value
        return found

    async def _contact(self, name: str, options: Mapping[str, str]) -> str:
        """How the first contact of an endpoint stands, as Asterisk names it; empty: there is none."""
        aor = options.get("aors", name)
        contacts = await self._value(f"PJSIP_AOR({aor.partition(',')[0]},contact)") or ""
        first = contacts.partition(",")[0]
        return (await self._value(f"PJSIP_CONTACT({first},status)") or "") if first else ""

    async def _trial_call(self) -> TrialCall:
        check = secrets.token_hex(6)
        mark = len(self._heard.messages)
        try:
            await self._manager.request(
                {
                    "Action": "Originate",
                    "ActionID": f"HF-doctor/{check}",
                    "Channel": f"Local/s@{DOCTOR_CONTEXT}/n",
                    "ChannelId": f"doctor-{check}",
                    "OtherChannelId": f"doctor-{check}-2",
                    # Nobody answers it, so this is never run; an Originate must name something.
                    "Application": "Wait",
                    "Data": "0",
                    "Timeout": "3000",
                    "Async": "true",
                    "Variable": f"__HF_DOCTOR={check}",
                }
            )
        except TelephonyError as error:
            return TrialCall(check, refused=str(error))
        with suppress(TimeoutError):
            async with asyncio.timeout(_TRIAL_SECONDS):
                while not self._over(check, mark):
                    await self._heard.next()
        ours = self._heard.of(check, mark)
        told = [one for one in ours if one.get("UserEvent") == "HFDoctor"]
        return TrialCall(check, heard=tuple(one["Event"] for one in ours), answer=told[0] if told else None)

    def _over(self, check: str, mark: int) -> bool:
        ours = [one["Event"] for one in self._heard.of(check, mark)]
        return ours.count("Hangup") == 2 and "OriginateResponse" in ours


def _truth(value: str | None) -> bool | None:
    return {"1": True, "0": False}.get(value or "")
