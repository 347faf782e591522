"""What is in the database: schema, mapping, store, managed server, snapshot, publishing."""
