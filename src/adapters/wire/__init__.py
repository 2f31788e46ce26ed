"""Events on the wire: how each is named, keyed, versioned and written down."""
