"""The address to serve at, taken before any long work begins."""

import errno
import os
import socket

from gridmap.errors import AddressTaken


def take_address(host: str, port: int) -> socket.socket:
    """A socket bound to the address (port 0: any that is free), which only begins to listen when a worker does.

    Raises AddressTaken when another program listens there or the address is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise AddressTaken(f"{host} is no address of this machine: {error.strerror}.") from error
    taken = socket.socket(family, kind, protocol)
    try:
        # Without it, connections that are still closing would refuse a restart for a minute.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError as error:
        taken.close()
        raise AddressTaken(_sentence(error, host, port)) from error
    return taken


def reachable_url(bound: socket.socket) -> str:
    """What to type into a browser on this machine to reach the socket."""
    host, port = bound.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here, only compared
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Another program listens at {host}, port {port}. Choose another one: gridmap up --port N."
    if error.errno == errno.EACCES:
        return f"Port {port} is kept for root. Choose one above 1023: gridmap up --port N."
    return f"{host}, port {port} can't be served at: {os.strerror(error.errno or 0)}."
