"""Who moves whom: choose seeds, estimate their reach, give credit for what happened, and ask whether it was influence at all."""
