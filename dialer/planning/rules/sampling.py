"""Stratified samples that can be drawn again and compared (L2). Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from hashlib import sha256

from dialer.playbooks.expressions.conditions import Facts


@dataclass(frozen=True, slots=True)
class Draw:
    """A sample of one stratum.

    `order` is the whole population in the order of the seed. `called` are those to call: the first `size`,
    and for each of them that cannot be reached the next one, as `replaced` tells.
    """

    order: tuple[str, ...]
    size: int
    called: tuple[str, ...]
    replaced: tuple[tuple[str, str], ...]

    @property
    def replaced_share(self) -> Decimal:
        """Which part of those called stand in for others."""
        return Decimal(len(self.replaced)) / len(self.called) if self.called else Decimal(0)


def seed_of(seed: str, playbook_id: str, period: str, stratum: str) -> str:
    """What one stratum is drawn with: of the site's seed, but another one for each stratum and day."""
    return sha256(f"{seed}:{playbook_id}:{period}:{stratum}".encode()).hexdigest()[:40]


def size_of(share: Decimal, population: int) -> int:
    """How many are called: share x population, rounded up; at least one of anybody."""
    wanted = (share * population).to_integral_value(ROUND_CEILING)
    return min(population, max(1, int(wanted))) if population else 0


def order_of(population: Iterable[str], seed: str) -> tuple[str, ...]:
    """The population in an order that only the seed decides; who comes late finds a fixed place."""
    return tuple(sorted(population, key=lambda key: (sha256(f"{seed}:{key}".encode()).digest(), key)))


def population_hash(population: Iterable[str]) -> str:
    """SHA-256 over the sorted keys: two draws were from the same population, or not."""
    return sha256("\n".join(sorted(population)).encode()).hexdigest()


def draw(
    population: Collection[str],
    share: Decimal,
    seed: str,
    unreachable: Mapping[str, str] | None = None,
) -> Draw:
    """Draw from a stratum. `unreachable` are those who cannot be called, with the reason."""
    order = order_of(population, seed)
    return settle(order, size_of(share, len(order)), unreachable or {})


def settle(order: Sequence[str], size: int, unreachable: Mapping[str, str]) -> Draw:
    """Who is called of a population in its order, when some turn out not to be reached."""
    called = [key for key in order[:size] if key not in unreachable]
    spare = iter([key for key in order[size:] if key not in unreachable])
    replaced = []
    for gone in (key for key in order[:size] if key in unreachable):
        stand_in = next(spare, None)
        if stand_in is None:
            break
        replaced.append((gone, stand_in))
        called.append(stand_in)
    return Draw(tuple(order), size, tuple(called), tuple(replaced))


def stratum_of(strata: Sequence[str], facts: Facts, segment: str = "") -> str:
    """The name of a stratum: its facts and their values, as `unit=城东 kind=repair`."""
    parts = [f"{name}={facts.get(name) or '-'}" for name in strata]
    if segment:
        parts.append(f"segment={segment}")
    return " ".join(parts)[:200] or "all"
