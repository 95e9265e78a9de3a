"""Who speaks: what a checked token says."""

from dataclasses import dataclass

from server.domain.ids import FanId, UserId
from server.domain.order import Speaker
from server.domain.room import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The owner of a token, for as long as the token is good."""

    id: UserId
    name: str
    role: Role
    expires_at_ms: int
    simulated: bool = False

    def speaker(self) -> Speaker:
        """Return this person as a fan."""
        return Speaker(id=FanId(self.id), name=self.name, simulated=self.simulated)

    def owns(self, creator: str) -> bool:
        """Whether this is the creator of that id, speaking as such."""
        return self.role is Role.CREATOR and self.id == creator
