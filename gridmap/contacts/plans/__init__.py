"""Plans of contact pairs: stored documents with their proof, reviewed by a second person, applied and undone whole."""
