"""A scripted market: bars and signals of a few synthetic sessions, made to show what follows."""
