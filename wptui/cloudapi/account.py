"""What Meta tells the operator: account, numbers, templates. One safe line each, and the facts in `details`.

The lines are Meta's own names and words, not sentences of ours: they read the same in every language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wptui.cloudapi.content import read_problems
from wptui.cloudapi.context import Change
from wptui.cloudapi.envelope import Invalid, clean, digest, ident, line, mapping, moment, rows, stamp
from wptui.cloudapi.errors import rule
from wptui.cloudapi.items import Expanded
from wptui.model.events import AccountAlerted, TemplateUpdated

_LIMIT = 500
_DAY = 86_400

_SEVERITY: dict[str, dict[str, str]] = {
    "account_update": {
        "ACCOUNT_DELETED": "error",
        "ACCOUNT_OFFBOARDED": "error",
        "ACCOUNT_RESTRICTION": "error",
        "ACCOUNT_VIOLATION": "error",
        "DISABLED_UPDATE": "error",
        "PARTNER_REMOVED": "error",
        "PARTNER_APP_UNINSTALLED": "error",
        "ACCOUNT_RECONNECTED": "info",
        "AD_ACCOUNT_LINKED": "info",
        "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE": "info",
        "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE": "info",
        "MM_LITE_TERMS_SIGNED": "info",
        "PARTNER_ADDED": "info",
        "PARTNER_APP_INSTALLED": "info",
        "VERIFIED_ACCOUNT": "info",
        "VOLUME_BASED_PRICING_TIER_UPDATE": "info",
    },
    "account_review_update": {"APPROVED": "info", "REJECTED": "error"},
    "phone_number_name_update": {"APPROVED": "info", "AVAILABLE_WITHOUT_REVIEW": "info"},
    "phone_number_quality_update": {
        "ONBOARDING": "info",
        "UPGRADE": "info",
        "THROUGHPUT_UPGRADE": "info",
        "UNFLAGGED": "info",
        "FLAGGED": "error",
    },
    "group_status_update": {"GROUP_SUSPEND_CLEARED": "info", "GROUP_UNSUSPEND": "info"},
    "account_alerts": {"CRITICAL": "error", "WARNING": "warning", "INFORMATIONAL": "info", "INFO": "info"},
    "security": {"PIN_RESET_SUCCESS": "info"},
}
_TEMPLATE_SEVERITY = {
    "APPROVED": "info",
    "REINSTATED": "info",
    "UNARCHIVED": "info",
    "PENDING": "info",
    "IN_APPEAL": "info",
    "PENDING_DELETION": "info",
    "DELETED": "info",
    "ARCHIVED": "info",
    "DISABLED": "error",
}
# Events that are no status of their own. "" says: whatever it was before; the list at Meta knows.
_TEMPLATE_STATUS = {"REINSTATED": "APPROVED", "FLAGGED": "", "UNARCHIVED": ""}


def value_errors(change: Change, errors: Any, severity: str = "") -> list[Expanded]:
    """`value.errors`: trouble of the whole account or number, a warning where it passes by itself, else an error."""
    found: list[Expanded] = []
    for problem in read_problems(errors):
        data = AccountAlerted(
            field=change.field,
            text=line(f"{problem.code}: {problem.title}. {problem.details}".rstrip(". "), _LIMIT),
            severity=severity or ("warning" if rule(problem.code).automatic else "error"),
            ts=change.received_at,
            details={"code": problem.code},
        )
        # These carry no id and no time: the same trouble on another day is news again.
        fingerprint = digest([change.fingerprint(None), change.received_at // _DAY, problem.code, data.text])
        found.append(change.item(f"h:{fingerprint}", fingerprint, data))
    return found


def alert_items(change: Change) -> list[Expanded]:
    """Fields account_*, phone_number_*, security, business_capability_update, group_status_update."""
    value = change.value
    info = mapping(value.get("alert_info"))
    field = change.field
    if field == "account_alerts":
        severity = _SEVERITY[field].get(
            line(info.get("alert_severity") or value.get("alert_severity")).upper(), "warning"
        )
        words = [line(info.get(key) or value.get(key)) for key in ("alert_type", "alert_status", "alert_description")]
    elif field in ("business_capability_update", "account_settings_update"):
        severity = "info"
        words = [line(value.get("type"))] if value.get("type") else []
        words += [f"{key} {_limit(each)}" for key, each in sorted(value.items()) if key.startswith("max_")]
    else:
        event = _event(value)
        severity = _SEVERITY.get(field, {}).get(event.upper(), "warning")
        words = [event, *_words(value)]
    ts = _when(change)
    fingerprint = change.fingerprint(value)
    data = AccountAlerted(
        field=field,
        text=line(", ".join(word for word in words if word and word != "NONE") or field, _LIMIT),
        severity=severity,
        ts=ts,
        details=clean(value),
    )
    return [change.item(f"h:{fingerprint}", fingerprint, data)]


def _event(value: dict[str, Any]) -> str:
    found = line(value.get("event") or value.get("decision"), 64)
    return found or next((line(group.get("type"), 64) for group in rows(value.get("groups"))), "")


def _words(value: dict[str, Any]) -> list[str]:
    """The facts worth a word, of what the known alerts carry."""
    told = [line(value.get(key)) for key in ("display_phone_number", "phone_number", "requested_verified_name")]
    told += [line(value.get(key)) for key in ("rejection_reason", "max_daily_conversations_per_business")]
    told += [line(each.get("restriction_type")) for each in rows(value.get("restriction_info"))]
    told += [line(each.get("group_id"), 64) for each in rows(value.get("groups"))]
    inner = (
        ("violation_info", ("violation_type", "remediation")),
        ("ban_info", ("waba_ban_state", "waba_ban_date")),
        ("volume_tier_info", ("pricing_category", "tier", "effective_month", "region")),
        ("disconnection_info", ("reason",)),
    )
    for key, names in inner:
        told += [line(mapping(value.get(key)).get(name)) for name in names]
    return told


def _limit(value: Any) -> str:
    return "∞" if ident(value) == "-1" else line(value, 64)


def _when(change: Change) -> int:
    """When it happened: the item's own time, the entry's, or that of its arrival."""
    own = [change.value.get("timestamp"), *(group.get("timestamp") for group in rows(change.value.get("groups")))]
    told = (moment(each, change.received_at) for each in own)
    return next((each for each in told if each is not None), stamp(change.time, change.received_at)[0])


# ── templates ────────────────────────────────────────────────────────────────────────────────────────────


def template_items(change: Change) -> list[Expanded]:
    """Fields message_template_*_update and template_category_update: what changed, and a line for the operator.

    The update is partial: an empty field, and no components, mean "as before"; the whole is Meta's list.
    """
    value, field = change.value, change.field
    name, key = line(value.get("message_template_name"), 512), ident(value.get("message_template_id"))
    language = line(value.get("message_template_language"), 16)
    if not name and not key:
        raise Invalid("no template")
    data = TemplateUpdated(id=key, name=name, language=language, status="")
    words, severity = _READERS[field](value, data)
    ts = _when(change)
    alert = AccountAlerted(
        field=field,
        text=line(f"{name} ({language}): " + ", ".join(word for word in words if word and word != "NONE"), _LIMIT),
        severity=severity,
        ts=ts,
        details=clean(value),
    )
    fingerprint = change.fingerprint(value)
    return [
        change.item(f"h:{fingerprint}", fingerprint, data, account=True),
        change.item(f"h:{fingerprint}:alert", fingerprint, alert, account=True),
    ]


def _status(value: dict[str, Any], data: TemplateUpdated) -> tuple[list[str], str]:
    event = line(value.get("event"), 64).upper()
    if not event:
        raise Invalid("no event")
    data.status = _TEMPLATE_STATUS.get(event, event)
    data.category = line(value.get("message_template_category"), 64)
    rejection, other = mapping(value.get("rejection_info")), mapping(value.get("other_info"))
    reason = line(value.get("reason"), _LIMIT)
    data.reason = "" if reason == "NONE" else reason
    words = [
        event,
        data.reason,
        *(line(rejection.get(key), _LIMIT) for key in ("reason", "recommendation")),
        *(line(other.get(key), _LIMIT) for key in ("title", "description")),
    ]
    return words, _TEMPLATE_SEVERITY.get(event, "warning")


def _quality(value: dict[str, Any], data: TemplateUpdated) -> tuple[list[str], str]:
    data.quality = line(value.get("new_quality_score"), 64).upper()
    before = line(value.get("previous_quality_score"), 64).upper()
    severity = "warning" if data.quality in ("YELLOW", "RED") else "info"
    return [f"{before} → {data.quality}" if before else data.quality], severity


def _category(value: dict[str, Any], data: TemplateUpdated) -> tuple[list[str], str]:
    # In the advance notice `new_category` is the one still valid, so it is the truth of now in both forms.
    data.category = line(value.get("new_category"), 64)
    coming = line(value.get("correct_category"), 64)
    before = line(value.get("previous_category"), 64)
    if coming:
        return [f"{data.category} → {coming}", line(value.get("category_update_timestamp"), 32)], "warning"
    return [f"{before} → {data.category}" if before else data.category], "warning"


def _components(value: dict[str, Any], data: TemplateUpdated) -> tuple[list[str], str]:
    """The new texts, in the form in which Meta lists them."""
    title, element, footer = (
        line(value.get(f"message_template_{part}"), 1024) for part in ("title", "element", "footer")
    )
    if title:
        data.components.append({"type": "HEADER", "format": "TEXT", "text": title})
    if element:
        data.components.append({"type": "BODY", "text": clean(value.get("message_template_element"))})
    if footer:
        data.components.append({"type": "FOOTER", "text": footer})
    buttons = []
    for button in rows(value.get("message_template_buttons")):
        read = {
            name: line(button.get(f"message_template_button_{name}"), 2048)
            for name in ("type", "text", "url", "phone_number")
        }
        buttons.append({name: text for name, text in read.items() if text})
    if buttons:
        data.components.append({"type": "BUTTONS", "buttons": buttons})
    return [title or element], "info"


_READERS: dict[str, Callable[[dict[str, Any], TemplateUpdated], tuple[list[str], str]]] = {
    "message_template_status_update": _status,
    "message_template_quality_update": _quality,
    "template_category_update": _category,
    "message_template_components_update": _components,
}
TEMPLATE_FIELDS = frozenset(_READERS)
