"""Sources to checked tables to the graph."""
