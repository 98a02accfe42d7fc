"""A business number's list of blocked customers, as Meta answers for it."""

from __future__ import annotations

from wptui.sandbox.errors import GraphError, Json, as_status_error
from wptui.sandbox.world import Customer, World

_RE_ENGAGE = 131047
_INVALID = 131009
_FAILED = 139100


def change(world: World, number: str, body: Json, *, block: bool, trace: str) -> tuple[Json, int]:
    """Block, or unblock, those *body* names on business number *number*: the answer and its HTTP status.

    Only who wrote within the last 24 hours can be blocked. Raises `GraphError` for a body that is none.
    """
    users = body.get("block_users")
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "Param messaging_product must be one of {WHATSAPP}")
    if not isinstance(users, list) or not users or not all(isinstance(each, dict) for each in users):
        raise GraphError(100, "Param block_users must be a list of users")
    done: list[Json] = []
    failed: list[Json] = []
    for each in users:
        named = str(each.get("user") or "")
        customer = world.find(named)
        code = _refusal(world, customer, number, block=block)
        told: Json = {"input": named} | ({"wa_id": customer.wa_id} if customer is not None else {})
        if code is not None or customer is None:
            failed.append(told | {"errors": [as_status_error(code or _INVALID)]})
            continue
        if block:
            customer.blocked.add(number)
        else:
            customer.blocked.discard(number)
        done.append(told)
    listed: Json = {"added_users" if block else "removed_users": done} | ({"failed_users": failed} if failed else {})
    answer: Json = {"messaging_product": "whatsapp", "block_users": listed}
    if failed:
        return answer | GraphError(_FAILED).as_response(trace), 400
    return answer, 200


def _refusal(world: World, customer: Customer | None, number: str, *, block: bool) -> int | None:
    if customer is None or customer.wa_id is None:
        return _INVALID
    if block and not customer.window_open(number, world.now()):
        return _RE_ENGAGE
    return None


def of(world: World, number: str) -> Json:
    """Who is blocked on business number *number*, as Meta lists them."""
    blocked = [each for each in world.customers.values() if number in each.blocked]
    return {"data": [{"messaging_product": "whatsapp", "wa_id": each.wa_id} for each in blocked]}
