"""Loading a fixture into an installation, by whichever way is open."""

from functools import partial

from waybill.api_error import ApiProblem
from waybill.client.calls import Calls
from waybill.settings import Settings
from waybill.wire.accounts import CreateAccount
from waybill_api.commands.command_audit import note
from waybill_api.commands.installation import Elsewhere, reach
from waybill_api.fixtures.effect import Effect, Effects, effect_of, given, kept
from waybill_api.fixtures.fixture import Fixture
from waybill_api.fixtures.in_store import load_into
from waybill_api.identity.accounts import Accounts
from waybill_api.store.store import Store

CONFLICT = 409
INVALID = 422


def load(wanted: Fixture, settings: Settings) -> tuple[Effects, Effects]:
    """Create or change task types, and create accounts if there are none; return by name what was done to each.

    Only fields that the fixture gives are changed. Raises Unreachable, ApiProblem and SettingsError.
    """

    async def by_store(store: Store, accounts: Accounts) -> tuple[Effects, Effects]:
        return await load_into(store, accounts, wanted, partial(note, store))

    return reach(settings, lambda client: _by_api(client, wanted), by_store)


def _by_api(client: Calls, wanted: Fixture) -> tuple[Effects, Effects]:
    try:
        known = {one["name"]: one for one in client.task_types()}
        types: Effects = {}
        for one in wanted.task_types:
            types[one.name] = effect_of(one, known.get(one.name))
            if types[one.name] is Effect.CREATED:
                client.create_task_type(**given(one))
            elif types[one.name] is Effect.CHANGED:
                client.change_task_type(**given(one))
        if not wanted.accounts or client.accounts():
            return types, kept(wanted.accounts)
        return types, {one.name: _account_by_api(client, one) for one in wanted.accounts}
    except ApiProblem as problem:
        if problem.status == CONFLICT:
            raise Elsewhere() from None
        raise


def _account_by_api(client: Calls, account: CreateAccount) -> Effect:
    try:
        client.create_account(account.name, account.role, account.password.get_secret_value())
    except ApiProblem as problem:
        if problem.status != INVALID:
            raise
        return Effect.LEFT_OUT
    return Effect.CREATED
