"""The Cypher library and the Python that runs it."""
