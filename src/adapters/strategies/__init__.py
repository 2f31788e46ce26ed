"""Templates from outside: installed packages that offer one through an entry point."""
