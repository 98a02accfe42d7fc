"""The tables of DESIGN.md §3, the fold that fills them, and the queries that read them.

The relay's view and every terminal's cache are these tables; both are filled by `fold.apply` from the same
events, and can be thrown away and built again.
"""
