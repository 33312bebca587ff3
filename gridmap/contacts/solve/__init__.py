"""Who looks after whom, solved: arrays in, arrays out. No database, no web (decision 12)."""
