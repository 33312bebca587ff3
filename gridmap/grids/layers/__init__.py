"""Reference layers: areas, lines and points of other services under codes of their own."""
