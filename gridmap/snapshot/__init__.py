"""The read model: where a point lies, and counts across rooms. Today straight from PostGIS."""
