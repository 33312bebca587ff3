"""The demo data: real codes, names and seats of Gannan; everything else invented from a seed, and marked so."""
