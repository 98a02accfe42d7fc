"""A started sandbox, connected to a webhook endpoint, and an agent who calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.sandbox.support import Agent, Clock, Endpoint
from wptui.sandbox import Sandbox


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    box = Sandbox(seed=7, clock=clock, first_retry=0.01)
    await box.start()
    yield box
    await box.stop()


@pytest.fixture
async def endpoint(sandbox: Sandbox) -> AsyncIterator[Endpoint]:
    receiver = Endpoint(sandbox.verify_token)
    await receiver.start()
    await sandbox.connect(receiver.url)
    yield receiver
    await sandbox.webhooks.close()
    await receiver.stop()


@pytest.fixture
async def agent(sandbox: Sandbox) -> AsyncIterator[Agent]:
    caller = Agent(sandbox)
    yield caller
    await caller.http.aclose()
