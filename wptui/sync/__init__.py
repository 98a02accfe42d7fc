"""The terminal's side of the protocol (DESIGN.md §5): what keeps the cache like the relay and brings commands there.

    credentials   which relay, which token, and where this account's files lie
    outbox        commands until their result, drafts: one durable SQLite file that survives the cache
    session       the protocol as a state machine: frames in, actions out, no sockets
    cache         the only writer of the cache: a thread with its own connection; repairs and rebuilds
    snapshot      a new cache, filled from the relay's rows
    link          the connection: WebSocket or polling, back-off, state; ties the above together
    http          the plain HTTP calls: login, polling, stories
    media         files of messages, both ways

Nothing here imports Textual; the terminal and line mode use it alike. websockets, httpx and ssl are imported when
the first connection is made, because a terminal should be on screen before.
"""
