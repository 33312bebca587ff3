"""Pre-plans: where people go when they must leave."""
