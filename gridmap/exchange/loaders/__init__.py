"""One loader a kind of import: each gives every record its fate and writes what is right, in one transaction."""
