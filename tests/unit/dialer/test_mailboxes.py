"""Events of one call are dealt with in their order, those of different calls side by side."""

import asyncio

from dialer.calling.mailboxes import Mailboxes


async def test_one_call_in_order_and_calls_at_the_same_time() -> None:
    done: list[str] = []
    gate, quick_are_done = asyncio.Event(), asyncio.Event()

    async def handle(key: str, message: int) -> None:
        if key == "slow":
            await gate.wait()
        done.append(f"{key}{message}")
        if done[-1] == "quick2":
            quick_are_done.set()

    boxes = Mailboxes(handle)
    for number in range(3):
        boxes.put("slow", number)
        boxes.put("quick", number)
    await quick_are_done.wait()
    assert done == ["quick0", "quick1", "quick2"]
    gate.set()
    await boxes.stop()
    assert done[3:] == ["slow0", "slow1", "slow2"]


async def test_an_event_that_cannot_be_dealt_with_does_not_stop_those_after_it() -> None:
    done: list[int] = []

    async def handle(_key: str, message: int) -> None:
        if message == 1:
            raise ValueError("trouble")
        done.append(message)

    boxes = Mailboxes(handle)
    for number in range(3):
        boxes.put("one", number)
    await boxes.stop()
    boxes.put("one", 3)
    await boxes.stop()
    assert done == [0, 2, 3]
