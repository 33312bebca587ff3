"""Buildings and the households in them: how many people, who answers, who needs help to move. Nothing else is kept."""
