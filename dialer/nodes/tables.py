"""Which process has which node."""

from sqlalchemy import JSON, Column, Integer, String, Table

from dialer.storage.base import Id, UtcDateTime, metadata

node_leases = Table(
    "node_leases",
    metadata,
    Column("node", String(40), primary_key=True),
    # The run of the service that has it, and the installation that run is of.
    Column("holder", Id, nullable=False),
    Column("owner", String(200), nullable=False),
    # Higher with each holder: what an earlier one still wants to write is refused.
    Column("token", Integer, nullable=False),
    # By the database's clock.
    Column("until", UtcDateTime, nullable=False),
    # An installation that is at home here waits for it.
    Column("wanted_by", String(200)),
    # What the holder says of its link, for the pages of other processes.
    Column("told", JSON, nullable=False),
)
