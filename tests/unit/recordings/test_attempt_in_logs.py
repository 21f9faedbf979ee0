"""O1: whatever is said while a recording is dealt with carries the attempt, also deep below."""

from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.unit.recordings.world import World


async def test_o1_trouble_with_a_recording_names_its_call(world: World) -> None:
    attempt = await world.call()
    world.leave(attempt)
    world.monitor.rename(world.folder / "unmounted")
    with capture_logs(processors=[merge_contextvars]) as lines:
        await world.worker().step()
    told = [line for line in lines if line.get("action") == "archive_recordings"]
    assert attempt in {line.get("attempt") for line in told}
    with capture_logs(processors=[merge_contextvars]) as afterwards:
        await world.worker().step()
    assert all(line.get("attempt") in (None, attempt) for line in afterwards)
