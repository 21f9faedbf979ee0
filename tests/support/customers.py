"""Records of customers, and what became of them, for tests."""

from sqlalchemy import Connection, func, select

from dialer.customers.service import Occasion
from dialer.customers.tables import customers, occasions, phones, vehicles
from tests.support.core import occasion

PLATE = "豫A12345"

_OF_THE_ROW = ("id", "created_at", "merged_into")


def told(
    name: str = "李", number: str = "13800000001", plate: str | None = PLATE, **more: object
) -> Occasion:
    """A record of 李 with her plate, as a source tells it."""
    values: dict[str, object] = {"name": name, "numbers": (number,), "plate": plate, "salutation": ""}
    return occasion(number, **(values | more))


def live(conn: Connection) -> list[tuple[str, ...]]:
    """Every customer that stands for itself, with what belongs to it; without ids."""
    found = []
    for row in conn.execute(select(customers).where(customers.c.merged_into.is_(None))).all():
        fields = {key: value for key, value in row._mapping.items() if key not in _OF_THE_ROW}
        mine = [
            select(phones.c.number).where(phones.c.customer_id == row.id).order_by(phones.c.position),
            select(vehicles.c.plate).where(vehicles.c.customer_id == row.id).order_by(vehicles.c.plate),
            select(occasions.c.external_id)
            .where(occasions.c.customer_id == row.id)
            .order_by(occasions.c.external_id),
        ]
        found.append((str(fields), *(str(list(conn.execute(query).scalars())) for query in mine)))
    return sorted(found)


def named(conn: Connection) -> list[tuple[str, int]]:
    """Names of customers that stand for themselves, with their number of occasions."""
    query = (
        select(customers.c.name, func.count())
        .join_from(customers, occasions)
        .where(customers.c.merged_into.is_(None))
        .group_by(customers.c.id)
    )
    return sorted((row[0], row[1]) for row in conn.execute(query))
