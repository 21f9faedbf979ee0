"""One engine for each node that this process has (D8).

Where several processes share one PostgreSQL each node is leased: only the holder links to it, pairs its
agents and settles its calls. A lease is renewed well within its time; who could not, stops its link before
the time is over, and another one takes the node then. What a holder of before still wants to commit is
refused in the same transaction (`nodes.queries.may_act`).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from dialer.calling.engine import Engine
from dialer.calling.incall.courier import Courier
from dialer.calling.incall.rules import Actor, Refusal
from dialer.calling.incall.states import Step
from dialer.calling.incall.steps import StepRefused
from dialer.calling.queries import attempt
from dialer.calling.status import EngineStatus
from dialer.nodes import service
from dialer.nodes.queries import Told, told
from dialer.nodes.rules import Kept, Lease, Share
from dialer.nodes.settings import LeaseSettings
from dialer.storage.database import Database

log = structlog.get_logger(__name__)

_AGAIN_SECONDS = 2.0
# So much of a lease is left when its holder stops: nobody else may have the node before that.
_RESERVE = 0.3
_ELSEWHERE = "Another service has this telephone system."

MakeEngine = Callable[[Share], Engine]


class Fleet:
    """The engines of these nodes. `make` gives a new engine for a node.

    Without `leases` this process has every node. `owner` names the installation: one service runs for it
    at a time, so that a restarted one takes its nodes back at once.
    """

    def __init__(
        self,
        database: Database,
        shares: Sequence[Share],
        make: MakeEngine,
        *,
        leases: LeaseSettings | None = None,
        owner: str = "",
    ) -> None:
        self._db = database
        self._make = make
        self._leases = leases
        self._owner = owner
        self._engines = {share.name: make(share) for share in shares}
        self._shares = {share.name: share for share in shares}
        self._held: set[str] = set()
        self._told: Mapping[str, Told] = {}
        self._stopping = False
        self._courier = Courier(database, self._act_here)

    # --- what others see ---------------------------------------------------------------------

    @property
    def held(self) -> frozenset[str]:
        """The nodes this process has now."""
        return frozenset(self._held)

    def engine(self, node: str) -> Engine:
        """The engine of a node; it runs where the node is `held`."""
        return self._engines[node]

    @property
    def status(self) -> EngineStatus:
        """How all of it stands, whichever process has a node."""
        nodes = {name: self._status_of(name) for name in self._engines}
        if len(nodes) == 1:
            (only,) = nodes.values()
            return only
        every = list(nodes.values())
        worst = next((one for one in every if not one.link_up), every[0])
        known = [one.pairing.reachable for one in every]
        reachable = None if None in known else frozenset().union(*(one for one in known if one is not None))
        return EngineStatus(
            replace(every[0].pairing, reachable=reachable),
            link_up=worst.link_up,
            link_reason=worst.link_reason,
            link_advice=worst.link_advice,
            settled=all(one.settled for one in every),
            stopping=any(one.stopping for one in every),
            nodes=nodes,
        )

    def _status_of(self, node: str) -> EngineStatus:
        mine = self._engines[node].status
        if self._leases is None or node in self._held:
            return mine
        said = self._told[node].said if node in self._told else {}
        phones = said.get("phones")
        return EngineStatus(
            replace(mine.pairing, reachable=None if phones is None else frozenset(phones)),
            link_up=bool(said.get("link_up")),
            link_reason=str(said.get("link_reason") or ("" if said else _ELSEWHERE)),
            link_advice=str(said.get("link_advice") or ""),
            settled=bool(said.get("settled")),
            stopping=self._stopping,
        )

    async def settle(self, attempt_ids: Iterable[str]) -> None:
        """Settle these attempts, each by the engine of its node; those of others are left to them."""
        ids = list(attempt_ids)
        for name in self.held:
            await self._engines[name].settle(ids)

    async def act(
        self,
        attempt_id: str,
        step: Step,
        by: Actor,
        extension: str = "",
        digits: str = "",
        number: str = "",
    ) -> None:
        """Take a step in a call in progress, by whichever process has the call (D6, D8, V2).

        Raises:
            StepRefused: it was not taken.
        """
        node = await self._node_of(attempt_id)
        if self._leases is None or node in self._held:
            await self._act_here(attempt_id, step, by, extension, digits, number)
        else:
            await self._courier.ask(node, attempt_id, step, by, extension, digits, number)

    async def _act_here(
        self, attempt_id: str, step: Step, by: Actor, extension: str, digits: str, number: str
    ) -> None:
        node = await self._node_of(attempt_id)
        if node not in self._held:
            raise StepRefused(Refusal.ELSEWHERE)
        in_call = self._engines[node].in_call
        await in_call.act(attempt_id, step, by, extension=extension, digits=digits, number=number)

    async def _node_of(self, attempt_id: str) -> str:
        known = await self._db.read(lambda conn: attempt(conn, attempt_id))
        for name, share in self._shares.items():
            if known and share.has_call(known.node):
                return name
        raise StepRefused(Refusal.NO_TALK)

    # --- running -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Dial until cancelled. What happens to one node does not touch the others."""
        async with asyncio.TaskGroup() as tasks:
            for name in self._shares:
                tasks.create_task(self._for_ever(name), name=f"node-{name}")
            if self._leases is not None:
                tasks.create_task(self._courier.serve(lambda: self._held), name="steps-of-others")

    async def drain(self, grace: float) -> int:
        """Place no further call; wait up to `grace` seconds for those in flight at our nodes.

        Returns how many are left: they go on, and are adopted by whoever has the node next.
        """
        self._stopping = True
        ours = self._held if self._leases is not None else self._engines
        return sum(await asyncio.gather(*(self._engines[name].drain(grace) for name in ours)))

    async def _for_ever(self, node: str) -> None:
        while True:
            try:
                if self._leases is None:
                    self._held.add(node)
                    await self._engines[node].run()
                else:
                    await self._have(node, self._leases)
            except Exception:
                log.exception("A node is begun with anew.", action="run", node=node)
            self._held.discard(node)
            await asyncio.sleep(_AGAIN_SECONDS)
            self._engines[node] = self._make(self._shares[node])

    async def _have(self, node: str, leases: LeaseSettings) -> None:
        """Wait for the node, and dial through it for as long as it is ours."""
        clock = asyncio.get_running_loop().time
        began = clock()
        while (lease := await self._take(node, leases)) is None:
            self._told = await self._db.read(told)
            await asyncio.sleep(leases.renew_seconds)
            began = clock()
        log.info("This service has the node.", action="take_node", node=node, token=lease.token)
        self._held.add(node)
        running = asyncio.create_task(self._engines[node].run(), name=f"engine-{node}")
        try:
            await self._keep(lease, leases, running, began)
        finally:
            running.cancel()
            await asyncio.wait([running])
            self._held.discard(node)
            # The link is closed: nothing of ours acts there any more.
            await self._give_back(lease)
        if not running.cancelled():
            running.result()

    async def _take(self, node: str, leases: LeaseSettings) -> Lease | None:
        if self._stopping:
            return None
        run_id = self._engines[node].run_id
        return await self._db.write(
            lambda conn: service.take(
                conn,
                node,
                run_id=run_id,
                owner=self._owner,
                seconds=leases.seconds,
                home=leases.is_home(node),
            )
        )

    async def _keep(
        self, lease: Lease, leases: LeaseSettings, running: "asyncio.Task[None]", began: float
    ) -> None:
        """Renew until it is lost, cannot be renewed in time, or the engine ends."""
        clock = asyncio.get_running_loop().time
        # By our own clock, from before the database was asked: it cannot end there sooner.
        until = began + leases.seconds * (1 - _RESERVE)
        handing_over: asyncio.Task[int] | None = None
        while True:
            waited = [running] if handing_over is None else [running, handing_over]
            pause = max(0.0, min(leases.renew_seconds, until - clock()))
            await asyncio.wait(waited, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                return
            if handing_over is not None and handing_over.done():
                log.info("The node goes back to whom it belongs.", action="give_back", node=lease.node)
                return
            asked = clock()
            if asked >= until:
                break
            renewing = asyncio.create_task(self._renew(lease, leases))
            await asyncio.wait(
                [running, renewing], timeout=until - asked, return_when=asyncio.FIRST_COMPLETED
            )
            if not renewing.done():
                # Not waited for: to let go of a connection that is silent takes time, and none is left.
                renewing.cancel()
                continue
            try:
                kept = renewing.result()
            except Exception as error:
                log.error(
                    "The node could not be kept now.",
                    action="renew_node",
                    node=lease.node,
                    error=f"{type(error).__name__}: {error}",
                )
                continue
            if kept is Kept.LOST:
                break
            until = asked + leases.seconds * (1 - _RESERVE)
            if kept is Kept.WANTED and handing_over is None and not leases.is_home(lease.node):
                handing_over = asyncio.create_task(self._engines[lease.node].drain(leases.hand_over_seconds))
        log.error(
            "This service has lost the node and closes its link: another one may have it now. See whether "
            "the database can be reached and this machine was not halted.",
            action="lose_node",
            node=lease.node,
        )

    async def _renew(self, lease: Lease, leases: LeaseSettings) -> Kept:
        said, seconds = _said(self._engines[lease.node].status), leases.seconds
        kept = await self._db.write_apart(lambda conn: service.renew(conn, lease, seconds, said))
        self._told = await self._db.read(told)
        return kept

    async def _give_back(self, lease: Lease) -> None:
        try:
            async with asyncio.timeout(_AGAIN_SECONDS):
                await self._db.write(lambda conn: service.give_back(conn, lease))
        except Exception:
            log.exception("The node could not be given back: its lease runs out.", action="give_back")


def _said(status: EngineStatus) -> dict[str, Any]:
    phones = status.pairing.reachable
    return {
        "link_up": status.link_up,
        "link_reason": status.link_reason,
        "link_advice": status.link_advice,
        "settled": status.settled,
        "phones": None if phones is None else sorted(phones),
    }
