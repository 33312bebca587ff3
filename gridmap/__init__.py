"""gridmap: the electronic map of a county, from a point to the people who must be fetched."""

__version__ = "0.1.0"
