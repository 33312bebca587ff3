"""Pure geometry and coordinates: CRSs, the Chinese offsets, the lattice, measures and coverage. No database, no web."""
