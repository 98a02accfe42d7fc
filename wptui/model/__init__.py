"""The language of wptui: events, commands, identity, windows, clocks and text safety.

Pure: nothing here reads a clock, a file, a socket or a database, and nothing of ours is imported.
"""
