"""The database: engine, sessions, the private cluster, tables of no single capability, error translation."""
