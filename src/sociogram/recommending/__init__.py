"""Items, people and topics for users, from a run's vectors and the graph as it is now."""
