"""Access: who asks, what they may do and where, and the record of what they saw."""
