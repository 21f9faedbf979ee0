"""Packages asked for on the page and made apart from it, on both databases (Q7)."""

import asyncio
import errno
import hashlib
import os
import sys
import threading
import zipfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.machine import IllegalMove
from dialer.storage.feed import after
from qa.examiner import orders, packing, queries
from qa.examiner.queries import Package, Wanted
from qa.examiner.service import NothingToPack
from qa.examiner.states import PackageEvent, PackageState
from qa.examiner.worker import PackageWorker
from tests.contract.test_store_examiner import follow_up_of, recorded
from tests.unit.qa_store.world import World
from web.search.sayings import say_in_chinese

ZONE = ZoneInfo("Asia/Shanghai")
S = PackageState


def worker(world: World) -> PackageWorker:
    """As the service composes it, started anew."""
    folder = world.folder / "packages"
    return PackageWorker(
        world.db, world.library, world.root, folder, say_in_chinese(), ZONE, world.clock, lease_seconds=5
    )


async def asked(world: World, attempt_id: str, by: str = "zhou") -> str:
    wanted = Wanted(follow_up_id=await follow_up_of(world, attempt_id))
    return await world.db.write(partial(orders.ask, wanted=wanted, by=by, now=world.now))


async def package_of(world: World, package_id: str) -> Package:
    found = await world.db.read(partial(queries.package_of, package_id=package_id))
    assert found is not None
    return found


async def moved(world: World, package_id: str, event: PackageEvent) -> None:
    package = await package_of(world, package_id)
    await world.db.write(partial(orders.move, package=package, event=event, now=world.now))


def files(world: World) -> list[str]:
    folder = world.folder / "packages"
    return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Packing waits in the middle of a file until this is set."""
    go_on, copy = threading.Event(), packing._Packer._copy

    def slowly(self: packing._Packer, name: str, path: Path) -> str:
        go_on.wait(30)
        return copy(self, name, path)

    monkeypatch.setattr(packing._Packer, "_copy", slowly)
    return go_on


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  nothing tells of a file
            await asyncio.sleep(0.02)


async def test_q7_a_package_is_made_and_proves_itself(world: World) -> None:
    """One press twice is one package; who asked for it is in the trail of every call in it (X1)."""
    attempt_id = await recorded(world)
    key = await asked(world, attempt_id)
    assert await asked(world, attempt_id) == key
    assert await asked(world, attempt_id, "li") != key
    assert await worker(world).step() == 1
    package = await package_of(world, key)
    file = world.folder / "packages" / package.file_name
    assert (package.state, package.done, package.total) == (S.READY, 1, 1)
    assert package.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert package.bytes == file.stat().st_size
    with zipfile.ZipFile(file) as archive:
        assert f"audio/{attempt_id}/original.wav" in archive.namelist()
        assert "问候" in archive.read("index.html").decode()  # the rule's name, of the version that judged
    made = await world.db.read(lambda conn: after(conn, 0, kinds=("package.made",)))
    assert {row.subject for row in made} == {package.follow_up_id, attempt_id}
    await world.db.write(partial(orders.note_fetched, package=package, login="li", now=world.now))
    (fetched, _) = await world.db.read(lambda conn: after(conn, 0, kinds=("package.fetched",)))
    assert (fetched.subject, fetched.data["login"]) == (key, "li")
    with pytest.raises(NothingToPack):
        await world.db.write(partial(orders.ask, wanted=Wanted(policy="P-0"), by="zhou", now=world.now))


async def test_q7_stopped_in_the_middle_leaves_nothing(world: World, held_up: threading.Event) -> None:
    key = await asked(world, await recorded(world))
    making = asyncio.create_task(worker(world).step())
    await until(lambda: files(world) == [f".{key}.zip.part"])
    await moved(world, key, PackageEvent.STOP)
    await asyncio.sleep(0.7)  # the worker looks twice a second
    held_up.set()
    await making
    assert ((await package_of(world, key)).state, files(world)) == (S.STOPPED, [])
    with pytest.raises(IllegalMove):
        await moved(world, key, PackageEvent.FINISH)
    await moved(world, key, PackageEvent.AGAIN)
    await worker(world).step()
    assert ((await package_of(world, key)).state, files(world)) == (S.READY, [f"{key}.zip"])


async def test_q7_a_service_that_stops_gives_it_back_at_once(world: World, held_up: threading.Event) -> None:
    key = await asked(world, await recorded(world))
    making = asyncio.create_task(worker(world).step())
    await until(lambda: bool(files(world)))
    making.cancel()
    held_up.set()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert ((await package_of(world, key)).state, files(world)) == (S.WAITING, [])
    assert await worker(world).step() == 1
    assert (await package_of(world, key)).state is S.READY


_KILLED = """
import asyncio, sys, time
from functools import partial
from pathlib import Path
from qa.examiner import packing
from tests.contract.test_store_packages import worker
from tests.unit.qa_store.world import World

packing._Packer._clip = lambda *_: time.sleep(60)

async def main():
    world = await World(Path(sys.argv[1]), sys.argv[2]).open()
    await worker(world).step()

asyncio.run(main())
"""


async def test_q7_killed_in_the_middle_it_is_made_anew(world: World, tmp_path: Path) -> None:
    """kill -9 while the archive is half written: nobody can fetch it, and the next process makes it whole."""
    key = await asked(world, await recorded(world))
    script = tmp_path / "killed.py"
    script.write_text(_KILLED)
    root = Path(__file__).parents[2]
    command = [sys.executable, str(script), str(world.folder), world.db.url]
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | {"PYTHONPATH": str(root)})
    await until(lambda: bool(files(world)) or process.returncode is not None)
    await asyncio.sleep(0.3)
    process.kill()
    await process.wait()
    assert files(world) == [f".{key}.zip.part"]
    assert (await package_of(world, key)).state is S.PACKING
    assert await worker(world).step() == 0, "its lease is not over"
    assert files(world) == [f".{key}.zip.part"], "perhaps it is another process's"
    world.now += timedelta(seconds=10)
    assert await worker(world).step() == 1
    assert ((await package_of(world, key)).state, files(world)) == (S.READY, [f"{key}.zip"])


async def test_q7_stopped_while_its_process_is_dead_it_is_tidied_away(world: World) -> None:
    key = await asked(world, await recorded(world))
    until_then = world.now + timedelta(seconds=5)
    assert await world.db.write(partial(orders.claim, now=world.now, until=until_then)) is not None
    (world.folder / "packages").mkdir()
    (world.folder / "packages" / f".{key}.zip.part").write_bytes(b"half")
    await moved(world, key, PackageEvent.STOP)
    assert await worker(world).step() == 0
    assert files(world) == []


async def test_q7_a_full_disk_is_told_and_the_next_press_makes_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await asked(world, await recorded(world))

    def full(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "writestr", full)
        await worker(world).step()
    package = await package_of(world, key)
    assert (package.state, files(world)) == (S.FAILED, [])
    assert "the disk is full" in (package.error or "")
    await moved(world, key, PackageEvent.AGAIN)
    await worker(world).step()
    assert (await package_of(world, key)).error is None
    assert files(world) == [f"{key}.zip"]


async def test_x1_a_package_is_taken_away_after_a_day(world: World) -> None:
    """It is a copy of personal data; a file that no package has goes as well."""
    key = await asked(world, await recorded(world))
    await worker(world).step()
    (world.folder / "packages" / "stray.zip").write_bytes(b"?")
    world.now += timedelta(hours=23)
    await worker(world).step()
    assert files(world) == [f"{key}.zip"]
    world.now += timedelta(hours=2)
    await worker(world).step()
    assert ((await package_of(world, key)).state, files(world)) == (S.GONE, [])
