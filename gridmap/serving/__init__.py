"""The server's processes: one that supervises and owns the socket, and workers that answer."""
