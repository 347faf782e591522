"""Who belongs together: communities of the ties, segments by ties, embeddings or rules, and what they are worth."""
