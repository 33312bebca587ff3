"""Pure geometry: coordinates, datum shifts, lattice, coverage, measure. No database, no web."""
