"""What the error table says, and when something is tried again."""

from __future__ import annotations

import pytest

from wptui.cloudapi.errors import RULES, Retry, is_known, rule

# CLOUD_API.md §11.
TABLE: dict[Retry, list[int]] = {
    Retry.NO: [131047, 131026, 130472, 130403, 131008, 131009, 100, 135000, 131021, 131030, 131062, 132015, 132016],
    Retry.LATER: [131049],
    Retry.NEVER: [131050],
    Retry.OPERATOR: [
        *(131048, 131064, 0, 190, 3, 10, 200, 250, 299, 131005, 368, 131031, 130497, 131042, 131063, 131037, 131045),
        *(133005, 133006, 133008, 133009, 133010, 133015, 133016),
    ],
    Retry.PAIR: [131056],
    Retry.BACKOFF: [130429, 1, 2, 131000, 131016, 133004],
    Retry.MINUTES: [4, 80007],
    Retry.MINUTE: [131057],
    Retry.AFTER_CHANGE: [131051, 131052, 131053, 132000, 132005, 132007, 132012, 132018, 132001],
    Retry.CONFIRM: [137000],
}


@pytest.mark.parametrize(("retry", "code"), [(retry, code) for retry, codes in TABLE.items() for code in codes])
def test_the_table_is_kept(retry: Retry, code: int) -> None:
    assert is_known(code) and rule(code).retry is retry


def test_only_what_passes_by_itself_is_tried_again_by_itself() -> None:
    automatic = {code for code in RULES if rule(code).automatic}
    assert automatic == {131056, 130429, 1, 2, 131000, 131016, 133004, 4, 80007, 131057, 429}


def test_too_fast_for_one_customer_waits_in_powers_of_four_and_ends() -> None:
    assert [rule(131056).delay(attempt) for attempt in (1, 2, 3, 4, 5, 6)] == [4, 16, 64, 256, 1024, None]
    assert rule(131056).scope == "recipient"
    assert rule(130429).scope == "number"
    assert rule(80007).scope == "app"


def test_an_unknown_code_is_shown_and_not_tried_again() -> None:
    assert not is_known(987654)
    assert rule(987654).delay(1) is None
    assert "details" in rule(987654).tell


def test_every_sentence_ends_as_one() -> None:
    assert all(each.tell.endswith(".") and each.tell[0].isupper() for each in RULES.values())
