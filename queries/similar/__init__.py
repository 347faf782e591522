"""Users like one user, like a description or near a vector: among those that satisfy a filter, always k where there are k."""
