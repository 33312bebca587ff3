"""The read model: where a point lies, and counts across rooms. Today straight from PostGIS."""

from gridmap.geo import arrow as arrow
