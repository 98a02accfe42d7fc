"""What the relay does by itself: rules (settings section `rules`), surveys, and the acts that macros share with them.

`occasions` says what an event is an occasion for, `conditions` whether a rule fits, `timing` what is due when nothing
happens, `acts` what follows, `firing` puts these together; `engine` runs them at the relay that holds the lease,
`rehearsal` on a stretch of the log, without doing anything.
"""
