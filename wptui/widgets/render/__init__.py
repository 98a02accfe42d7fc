"""Data → lines of styled text. Pure functions: no application, no terminal, no clock of their own."""
