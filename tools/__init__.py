"""Tools for those who work on wptui; not part of the package."""
