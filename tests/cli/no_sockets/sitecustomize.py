"""A machine on which nobody may listen: for the test of a demo that cannot start."""

import socket


def _refused(self: socket.socket, *_address: object) -> None:
    raise PermissionError(13, "Permission denied")


socket.socket.listen = _refused  # type: ignore[method-assign]
socket.socket.bind = _refused  # type: ignore[method-assign,assignment]
