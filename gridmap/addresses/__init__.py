"""Standard addresses: doors with a permanent code, their segments and the grid they lie in."""
