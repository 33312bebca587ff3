"""Who looks after whom: officers, the pairs of officer and household, and who answers for a grid or group."""
