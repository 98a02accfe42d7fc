"""What line mode prints of the cache: the inbox, a conversation, what a search finds."""

from __future__ import annotations

import click

from wptui.cli import line_find, line_json, line_text
from wptui.cli.line_link import Line, open_line, run
from wptui.cli.line_text import Names
from wptui.i18n import _, ngettext
from wptui.model.errors import LinkError
from wptui.store import filters, inbox, thread
from wptui.store import search as find
from wptui.store.database import open_database, transaction
from wptui.store.inbox import InboxQuery, Sort, View
from wptui.sync import credentials


def inbox_list(view: str, sort: str, filter_line: str, limit: int, *, as_json: bool, offline: bool) -> int:
    """Prints the inbox. Raises UsageError for a filter that is none."""
    wanted = filters.parse(filter_line)

    async def work() -> int:
        async with open_line(offline=offline) as line:
            if any(key == "" for _wanted, key, _value in wanted.terms):
                _index(line)
            query = InboxQuery(View(view), Sort(sort), wanted, line.me, line.now)
            total = inbox.count(line.db, query)
            rows = inbox.window(line.db, query, 0, limit)
            names = Names(line.db, line.me)
            now = line.now
            if as_json:
                found = [line_json.conversation(row, names, line.db, now) for row in rows]
                line_json.emit(line, total=total, conversations=found)
                return 0
            for row in rows:
                click.echo(line_text.summary(row, names, now))
            if not rows:
                click.echo(_("No conversations."))
            elif total > len(rows):
                rest = total - len(rows)
                click.echo(ngettext("{n} more", "{n} more", rest).format(n=rest))
            click.echo(line_text.figures(inbox.counters(line.db, line.me, now), now))
            return 0

    return run(work())


def conversation(wanted: str, limit: int, *, ids: bool, as_json: bool, offline: bool) -> int:
    """Prints a conversation. Raises UsageError where it is not clear which."""

    async def work() -> int:
        async with open_line(offline=offline) as line:
            row = line_find.conversation(line.db, wanted)
            await _reach_back(line, row.id, limit)
            rows = thread.latest(line.db, row.id, limit)
            names = Names(line.db, line.me)
            waiting = line.outbox.pending(row.id)
            whole = thread.is_whole(line.db, row.id) and (
                not rows or not thread.before(line.db, row.id, rows[0].key, 1)
            )
            if as_json:
                line_json.emit(
                    line,
                    conversation=line_json.conversation(row, names, line.db, line.now),
                    whole=whole,
                    messages=[line_json.message(each, names) for each in rows],
                    pending=line_json.pending(waiting),
                )
                return 0
            for text in line_text.heading(row, names, line.now):
                click.echo(text)
            if not whole:
                click.echo(_("There are older messages; --limit shows more."))
            for text in line_text.messages(rows, row.title, names, line.now, ids=ids):
                click.echo(text)
            for text in line_text.pending(waiting):
                click.echo(text)
            return 0

    return run(work())


async def _reach_back(line: Line, conversation: str, limit: int) -> None:
    """Fetches older pages until `limit` messages are here, as far as there is a connection."""
    while line.link is not None and line.connected and not thread.is_whole(line.db, conversation):
        rows = thread.latest(line.db, conversation, limit)
        if len(rows) >= limit or not rows:
            return
        try:
            await line.link.pull_older(conversation, rows[0].key, limit - len(rows) + 1)
        except LinkError as error:
            click.echo(str(error), err=True)
            return


def search(words: str, limit: int, *, as_json: bool, offline: bool) -> int:
    """Prints conversations and messages that match."""

    async def work() -> int:
        async with open_line(offline=offline) as line:
            _index(line)
            people = find.find_conversations(line.db, words, limit)
            hits = find.find(line.db, words, limit)
            if as_json:
                found = [{"id": id, "title": title} for id, title in people]
                line_json.emit(line, conversations=found, hits=[line_json.hit(hit) for hit in hits])
                return 0
            for id, title in people:
                click.echo(_("Conversation {title} [{id}]").format(title=title, id=id))
            for hit in hits:
                click.echo(line_text.hit(hit, line.now))
            if not people and not hits:
                click.echo(_("Nothing found."))
            return 0

    return run(work())


def _index(line: Line) -> None:
    """The search index runs behind; whoever searches wants all of it."""
    db = open_database(credentials.places(line.account).cache)
    try:
        more = True
        while more:
            with transaction(db):
                more = find.index_behind(db, 5000) > 0
    finally:
        db.close()
