"""Changesets: draft, review, publish; and what a change moves in the rooms below."""
