"""Settings and canned replies as texts for an editor: what to open, what is wrong with it, and how it goes back.

As `kubectl edit` and `crontab -e` do it: the text as it is, the agent's own editor, errors as comments above the lines
they are about, and a compare-and-set at the end. Line mode and the terminal both work through here.
"""
