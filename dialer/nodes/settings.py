"""How processes share the nodes."""

from pydantic import BaseModel, ConfigDict, Field


class LeaseSettings(BaseModel):
    """How several services on one PostgreSQL share the nodes. Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(
        default=10.0,
        gt=0,
        le=300,
        description="A service that was not heard of for so long has lost its nodes to another.",
    )
    home: tuple[str, ...] = Field(
        default=(),
        description="Nodes this service takes at once; others only when nobody has had them for a while. "
        "Empty: all.",
    )

    hand_over_seconds: float = Field(
        default=30.0,
        ge=0,
        description="A node goes back to the service that is at home there when its calls have ended, or "
        "after this time; talks in progress go on.",
    )

    @property
    def renew_seconds(self) -> float:
        """How often a lease is renewed: well within its time."""
        return self.seconds / 5

    def is_home(self, node: str) -> bool:
        """Whether this service takes the node at once."""
        return not self.home or node in self.home
