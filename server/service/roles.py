"""Who may use what, by role."""

from server.domain.room import Role
from server.errors import Forbidden
from server.service.identity import Identity


def require(by: Identity, role: Role) -> None:
    """Raise `Forbidden` unless the speaker has this role."""
    if by.role is not role:
        raise Forbidden(f"Only a {role.value} can do this." if role is not Role.OPERATOR else "Only an operator can.")
