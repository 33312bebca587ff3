"""Finding the door that somebody means: an index of names and doors that needs no database, and the search in it."""
