"""Ports: listeners that several processes share, and the check that nobody else is there."""

import socket

from server.errors import PortBusy

_BACKLOG = 4_096


def listener(host: str, port: int) -> socket.socket:
    """Return a listening socket of this process's own; the kernel spreads connections over all of them."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    sock.listen(_BACKLOG)
    return sock


def check_port_is_free(host: str, port: int, *, setting: str) -> None:
    """Refuse to start beside somebody else's listener: with SO_REUSEPORT the two would share connections unseen.

    Raises:
        PortBusy: says which setting moves the server.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortBusy(
                f"Port {port} on {host} is taken or not allowed ({error.strerror}); set {setting} to another one."
            ) from error
