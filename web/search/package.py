"""The examiner's package of a call's follow-up in one press (Q7)."""

import asyncio
import tempfile
from functools import partial
from pathlib import Path

from aiohttp import web

from dialer.calling.queries import attempt
from qa.checks.library import shipped_rules
from qa.examiner.packing import PackageError, pack
from qa.examiner.queries import Wanted
from qa.examiner.service import NothingToPack, gather, note_made
from web.auth.guard import current_user, requires
from web.panel import PANEL, Panel
from web.search.sayings import say_in_chinese

_BLOCK = 1 << 18


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [web.post("/qa/calls/{attempt}/package", make)]


@requires("qa", "supervisor", "auditor")
async def make(request: web.Request) -> web.StreamResponse:
    """Make the package and give it; who asked for it is in the audit trail before the first byte goes."""
    panel, by = request.app[PANEL], current_user(request).login
    key, now = request.match_info["attempt"], panel.clock()
    call = await panel.database.read(lambda conn: attempt(conn, key))
    if call is None:
        raise web.HTTPNotFound
    wanted = Wanted(follow_up_id=call.follow_up_id)
    ask = partial(gather, library=panel.library, wanted=wanted, by=by, now=now)
    with tempfile.TemporaryDirectory(prefix="package-", dir=panel.recordings_root.parent) as folder:
        file = Path(folder) / "package.zip"
        try:
            contents = await panel.database.read(ask)
            say = say_in_chinese(shipped_rules())
            write = partial(pack, contents, panel.recordings_root, file, say, panel.settings.zone)
            digest = await asyncio.to_thread(write)
        except NothingToPack as error:
            raise web.HTTPNotFound from error
        except PackageError as error:
            raise web.HTTPInsufficientStorage(text=str(error)) from error
        await panel.database.write(partial(note_made, contents=contents, sha256=digest, now=now))
        size = await asyncio.to_thread(lambda: file.stat().st_size)
        return await _send(request, file, size, f"examiner-{call.follow_up_id}.zip")


async def _send(request: web.Request, file: Path, size: int, name: str) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    response.content_length = size
    await response.prepare(request)
    source = await asyncio.to_thread(file.open, "rb")
    try:
        while block := await asyncio.to_thread(source.read, _BLOCK):
            await response.write(block)
    finally:
        source.close()
    await response.write_eof()
    return response
