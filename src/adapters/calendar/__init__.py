"""Trading sessions from the exchange calendar library."""
