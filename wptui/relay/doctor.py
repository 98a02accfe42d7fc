"""`wptui relay doctor`: looks at everything between Meta and the log, and says what to do where something is wrong.

Each check is a coroutine that gives findings and never raises: a doctor that falls ill helps nobody. Nothing is
changed, except by `subscribe`, which is asked for by name.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
import time
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wptui.i18n import _, format_number, ngettext
from wptui.model.errors import WptuiError
from wptui.model.finding import Finding, Status
from wptui.model.text import safe_line
from wptui.relay.accounts import accounts_path
from wptui.relay.config import RelayConfig

if TYPE_CHECKING:
    from wptui.cloudapi.graph import GraphClient

Json = dict[str, Any]

SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
FIELDS_USEFUL = (
    "message_template_status_update",
    "phone_number_quality_update",
    "account_update",
    "account_alerts",
    "user_preferences",
)
DISK_WARN = 1 << 30
DISK_FAIL = 200 << 20
SKEW_WARN = 30
SKEW_FAIL = 300
LAG_WARN = 60
"""Seconds a stored body may wait for its expansion."""
_TOKEN_SOON = 7 * 86400
_PATIENCE = 15.0


class Doctor:
    """The checks of one configuration. Use `findings`."""

    def __init__(self, config: RelayConfig) -> None:
        self.config = config
        self._app = ""

    async def findings(self) -> AsyncIterator[Finding]:
        """Every check's findings, in the order in which things have to be put right."""
        from wptui.cloudapi.graph import GraphClient

        checks: list[Callable[[], AsyncIterator[Finding]]] = [self._settings, self._disk, self._log]
        for check in checks:
            async for finding in _guarded(check.__name__, check()):
                yield finding
        try:
            graph = GraphClient(base_url=self.config.graph_url, token=self.config.access_token)
        except WptuiError as error:
            yield Finding("meta.token", "fail", str(error), _("Set WPTUI_ACCESS_TOKEN to a system user's token."))
            return
        async with graph:
            for remote in (self._clock, self._token, self._subscription, self._fields, self._numbers):
                async for finding in _guarded(remote.__name__, remote(graph)):
                    yield finding
                    if finding.id == "meta.reachable" and finding.status == "fail":
                        return  # everything else would say the same

    # ── this machine ─────────────────────────────────────────────────────────────────────────────────────

    async def _settings(self) -> AsyncIterator[Finding]:
        config = self.config
        source = str(config.file) if config.file else _("the environment")
        yield Finding("config.file", "ok", _("configured by {source}").format(source=source))
        missing = [name for name in ("app_secret", "verify_token", "access_token") if not getattr(config, name)]
        if missing:
            yield Finding(
                "config.secrets",
                "fail",
                _("missing: {names}").format(names=", ".join(missing)),
                _("`wptui relay init` asks for them and writes them to a file of their own."),
            )
        else:
            yield Finding("config.secrets", "ok", _("app secret, verify token and access token are there"))
        if not config.waba:
            yield Finding(
                "config.waba",
                "warn",
                _("the WhatsApp Business Account's id is not set: templates are not read, and nothing can be asked"),
                _("Set waba under [meta], or WPTUI_WABA_ID; the App Dashboard shows it under API Setup."),
            )
        if config.is_public:
            yield Finding(
                "config.listen",
                "warn",
                _("listens to {host}: everything that reaches this machine reaches the relay").format(host=config.host),
                _("Listen on 127.0.0.1 and put a server with HTTPS in front (docs/operations.md)."),
            )

    async def _disk(self) -> AsyncIterator[Finding]:
        folder = _existing(self.config.view_path.parent)
        free = shutil.disk_usage(folder).free
        status: Status = "fail" if free < DISK_FAIL else "warn" if free < DISK_WARN else "ok"
        yield Finding(
            "disk.free",
            status,
            _("{size} MB free in {path}").format(size=format_number(free >> 20), path=folder),
            "" if status == "ok" else _("Make room: when the disk is full, webhooks are refused and Meta tries again."),
        )
        for path in (Path(self.config.database), self.config.view_path, accounts_path(Path(self.config.database))):
            if "://" not in self.config.database and path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
                yield Finding(
                    "disk.mode",
                    "warn",
                    _("others can read {path}").format(path=path),
                    _("chmod 600 {path}").format(path=path),
                )

    async def _log(self) -> AsyncIterator[Finding]:
        from wptui.relay.eventlog import make_log

        database = Path(self.config.database)
        if "://" not in self.config.database:
            if not database.exists():
                yield Finding(
                    "log.exists",
                    "warn",
                    _("there is no event log yet"),
                    _("It is made by the first `wptui relay run`."),
                )
                return
            told = await asyncio.to_thread(_integrity, database)
            if told:
                yield Finding(
                    "log.integrity",
                    "fail",
                    _("the event log {path} is damaged: {told}").format(path=database, told=told),
                    _("Stop the relay, keep a copy of the file, and restore the last backup; Meta sends again what it "
                      "was not answered for in the last seven days."),
                )  # fmt: skip
                return
        log = make_log(self.config.database, read_only=True)
        async with log:
            head, backlog = await log.head(), await log.backlog()
            lease = await log.lease()
            waiting = await log.unexpanded(1)
            some = await log.raws(0, 1)
        yield Finding("log.integrity", "ok", _("the event log is sound, {n} events").format(n=format_number(head)))
        running = lease is not None and lease.expires_at > time.time() * 1000
        yield Finding("log.lease", "ok", _("a relay is running") if running else _("no relay is running"))
        lag = time.time() - waiting[0].received_at / 1000 if waiting else 0.0
        if lag > LAG_WARN:
            yield Finding(
                "log.lag",
                "warn",
                ngettext(
                    "{n} stored body waits for its expansion, {seconds} seconds long",
                    "{n} stored bodies wait for their expansion, the first {seconds} seconds long",
                    backlog,
                ).format(n=backlog, seconds=int(lag)),
                _("Bodies wait while no business number is known, or while the relay is stopped: look at its log."),
            )
        else:
            yield Finding("log.lag", "ok", _("no webhook waits"))
        if some:
            yield Finding("app.mode", "ok", _("Meta has delivered webhooks here before"))
        else:
            yield Finding(
                "app.mode",
                "warn",
                _("Meta has never delivered a webhook here"),
                _("While the app is in development mode, customers' messages are not delivered: set it to Live in the "
                  "App Dashboard, then write to the number."),
            )  # fmt: skip
        for finding in await asyncio.to_thread(_queue, self.config.view_path):
            yield finding

    # ── Meta ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _clock(self, graph: GraphClient) -> AsyncIterator[Finding]:
        import httpx

        loopback = "://127." in self.config.graph_url or "://localhost" in self.config.graph_url
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=not loopback) as client:
                answer = await client.head(self.config.graph_url)
        except httpx.HTTPError as error:
            yield Finding(
                "meta.reachable",
                "fail",
                _("{url} cannot be reached: {reason}").format(url=self.config.graph_url, reason=type(error).__name__),
                _("Check this machine's way to the internet, DNS and proxy (HTTPS_PROXY)."),
            )
            return
        yield Finding("meta.reachable", "ok", _("{url} can be reached").format(url=self.config.graph_url))
        try:
            skew = time.time() - parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except (TypeError, ValueError):
            return
        status: Status = "fail" if abs(skew) > SKEW_FAIL else "warn" if abs(skew) > SKEW_WARN else "ok"
        yield Finding(
            "clock.skew",
            status,
            ngettext(
                "this machine's clock differs from Meta's by {n} second",
                "this machine's clock differs from Meta's by {n} seconds",
                int(abs(skew)),
            ).format(n=int(abs(skew))),
            "" if status == "ok" else _("Let the clock be set by NTP (timedatectl set-ntp true)."),
        )

    async def _token(self, graph: GraphClient) -> AsyncIterator[Finding]:
        told = await graph.debug_token()
        self._app = str(told.get("app_id") or "")
        if not told.get("is_valid"):
            error = told.get("error")
            reason = safe_line(str(error.get("message") or ""), 200) if isinstance(error, dict) else ""
            yield Finding(
                "meta.token",
                "fail",
                _("Meta does not accept the access token: {reason}").format(reason=reason or "?"),
                _("Make a permanent token for a system user in Meta Business Suite, and set WPTUI_ACCESS_TOKEN."),
            )
            return
        expires = told.get("expires_at") or 0
        if expires and expires - time.time() < _TOKEN_SOON:
            yield Finding(
                "meta.token",
                "warn",
                _("the access token ends on {date}").format(date=time.strftime("%Y-%m-%d", time.gmtime(expires))),
                _("Make a permanent token for a system user in Meta Business Suite."),
            )
        else:
            yield Finding("meta.token", "ok", _("the access token is valid"))
        scopes = told.get("scopes") or []
        lacking = [scope for scope in SCOPES if scope not in scopes]
        if lacking:
            yield Finding(
                "meta.scopes",
                "fail",
                _("the access token lacks: {names}").format(names=", ".join(lacking)),
                _("Give the system user these permissions, and make a new token."),
            )
        else:
            yield Finding("meta.scopes", "ok", _("the access token has the permissions it needs"))

    async def _subscription(self, graph: GraphClient) -> AsyncIterator[Finding]:
        if not self.config.waba:
            return
        apps = await graph.subscribed_apps(self.config.waba)
        ids = {str(data.get("id")) for each in apps if isinstance(data := each.get("whatsapp_business_api_data"), dict)}
        if self._app in ids or (ids and not self._app):
            yield Finding("waba.subscribed", "ok", _("the app gets the webhooks of the WhatsApp Business Account"))
            return
        yield Finding(
            "waba.subscribed",
            "fail",
            _("the app is not subscribed to the WhatsApp Business Account {waba}").format(waba=self.config.waba),
            _("`wptui relay doctor --subscribe` subscribes it. The App Dashboard does not show this."),
        )

    async def _fields(self, graph: GraphClient) -> AsyncIterator[Finding]:
        if not self._app:
            return
        listed = await graph.app_subscriptions(self._app, self.config.app_secret)
        ours = next((each for each in listed if each.get("object") == "whatsapp_business_account"), None)
        if ours is None:
            yield Finding(
                "webhook.configured",
                "fail",
                _("the app has no webhook for WhatsApp"),
                _("App Dashboard → WhatsApp → Configuration: set callback URL (https://…/webhook) and token."),
            )
            return
        fields = {str(each.get("name")) for each in ours.get("fields") or () if isinstance(each, dict)}
        if "messages" not in fields:
            yield Finding(
                "webhook.fields",
                "fail",
                _("the webhook field messages is not ticked: nothing a customer writes arrives"),
                _("App Dashboard → WhatsApp → Configuration → Webhook fields: subscribe to messages."),
            )
        elif useful := [name for name in FIELDS_USEFUL if name not in fields]:
            yield Finding(
                "webhook.fields",
                "warn",
                _("webhook fields that would help are not ticked: {names}").format(names=", ".join(useful)),
                _("App Dashboard → WhatsApp → Configuration → Webhook fields."),
            )
        else:
            yield Finding("webhook.fields", "ok", _("the webhook fields are ticked"))
        yield await self._reachable(safe_line(str(ours.get("callback_url") or ""), 500))

    async def _reachable(self, url: str) -> Finding:
        """Do as Meta does when the callback URL is saved."""
        import httpx

        challenge = str(time.time_ns())
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": self.config.verify_token}
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
                answer = await client.get(url, params=query)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Finding(
                "webhook.reachable",
                "fail",
                _("{url} cannot be reached from here: {reason}").format(url=url, reason=type(error).__name__),
                _("Do the relay and the HTTPS server or tunnel in front of it run? Is its certificate valid?"),
            )
        if answer.status_code == 200 and answer.text.strip() == challenge:
            return Finding("webhook.reachable", "ok", _("{url} answers as Meta demands").format(url=url))
        todo = _("Something else answers there: check that the path ends in /webhook and leads to the relay.")
        if answer.status_code == 403:
            todo = _("The relay there has another verify token: set the same in both places.")
        told = _("{url} answered {status}, not 200 with the challenge").format(url=url, status=answer.status_code)
        return Finding("webhook.reachable", "fail", told, todo)

    async def _numbers(self, graph: GraphClient) -> AsyncIterator[Finding]:
        if not self.config.waba:
            return
        listed = {str(each.get("id")): each for each in await graph.phone_numbers(self.config.waba)}
        for number in self.config.numbers:
            if number not in listed:
                yield Finding(
                    "numbers.known",
                    "fail",
                    _("the account has no number with id {number}").format(number=number),
                    _("Take the phone number id, not the number itself, from WhatsApp → API Setup."),
                )
        for id, each in listed.items():
            if self.config.numbers and id not in self.config.numbers:
                continue
            name = safe_line(str(each.get("display_phone_number") or id), 40)
            quality = str(each.get("quality_rating") or "")
            status: Status = "warn" if quality == "RED" else "ok"
            text = _("{name}: quality {quality}").format(name=name, quality=safe_line(quality, 20) or "?")
            todo = _("Customers block or report this number: send fewer templates.") if status == "warn" else ""
            yield Finding("numbers.quality", status, text, todo)
        if not listed:
            yield Finding(
                "numbers.known",
                "fail",
                _("the account has no business number"),
                _("Add one in the App Dashboard under WhatsApp → API Setup."),
            )


async def subscribe(config: RelayConfig) -> None:
    """Subscribe the token's app to the account's webhooks. Raises WptuiError."""
    from wptui.cloudapi.graph import GraphClient

    async with GraphClient(base_url=config.graph_url, token=config.access_token) as graph:
        await graph.subscribe_app(config.waba)


async def _guarded(name: str, findings: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
    id = name.strip("_")
    try:
        async with asyncio.timeout(60):
            async for finding in findings:
                yield finding
    except TimeoutError:
        yield Finding(id, "fail", _("this check took too long"), _("Try again; is the network slow?"))
    except (WptuiError, OSError, sqlite3.Error) as error:
        hint = error.hint if isinstance(error, WptuiError) else ""
        yield Finding(id, "fail", str(error), hint or _("Put this right first, then look again."))


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _integrity(path: Path) -> str:
    """What is wrong with the file; empty if nothing is."""
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            told = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        finally:
            db.close()
    except sqlite3.Error as error:
        return str(error)
    return "" if told == "ok" else safe_line(told, 200)


def _queue(path: Path) -> list[Finding]:
    """What the view says of messages that wait or failed without anybody having looked."""
    from wptui.store.database import open_database

    if not path.exists():
        return []
    db = open_database(path, read_only=True)
    try:
        now = int(time.time())
        queued, oldest = db.execute("SELECT COUNT(*), MIN(ts) FROM messages WHERE status = 'queued'").fetchone()
        unknown = db.execute("SELECT COUNT(*) FROM messages WHERE status = 'unknown'").fetchone()[0]
    finally:
        db.close()
    found: list[Finding] = []
    if queued and now - oldest > LAG_WARN:
        text = ngettext("{n} message waits to be sent", "{n} messages wait to be sent", queued).format(n=queued)
        found.append(Finding("queue.lag", "warn", text, _("They go out when Meta can be reached and the relay runs.")))
    else:
        found.append(Finding("queue.lag", "ok", _("no message waits to be sent")))
    if unknown:
        text = ngettext(
            "of {n} message nobody knows whether it was sent",
            "of {n} messages nobody knows whether they were sent",
            unknown,
        ).format(n=unknown)
        found.append(Finding("queue.unknown", "warn", text, _("Agents see them in the inbox and decide.")))
    return found
