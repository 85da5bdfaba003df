"""May a plan be applied? Who applies it answers by a callback; what they cannot know is refused here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wlinfra.apply.secrets import require_secrets
from wlinfra.changes.model import Action, ActionReason
from wlinfra.errors import ConfigurationError
from wlinfra.plan.model import Plan
from wlinfra.remedies import Advice, Option, import_

__all__ = ["Approval", "is_approved"]

_UNPROVEN: Final = (ActionReason.FOUND_BY_NAME, ActionReason.FOUND_INSTEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """How a plan that was made under the lock is approved."""

    ask: Callable[[Plan], bool] | None = None
    """Called with a plan that changes something; None: it is approved as it is."""
    adopt: bool = False
    """Without ``ask``, import objects that were found by name alone too."""


def is_approved(plan: Plan, approval: Approval) -> bool:
    """Return whether the plan is applied; raises ConfigurationError for a secret that is missing, before ``ask`` is called."""
    if approval.ask is None and not approval.adopt:
        _refuse_unasked_imports(plan)
    require_secrets(plan)
    return approval.ask is None or not _needs_approval(plan) or approval.ask(plan)


def _needs_approval(plan: Plan) -> bool:
    """True unless an apply would only continue to wait, or learn what is live."""
    changing = any(change.action is not Action.NO_OP for change in plan.effective)
    return changing or bool(plan.moved) or any(output.differs for output in plan.outputs)


def _refuse_unasked_imports(plan: Plan) -> None:
    """Raise when objects would be taken over that only their name ties to this stack, without the user having confirmed it."""
    unproven = [
        change
        for change in plan.changes
        if change.action is Action.IMPORT and change.reason in _UNPROVEN and not change.lifecycle.adopt
    ]
    if not unproven:
        return
    number = len(unproven)
    raise ConfigurationError.of(
        "Import must be confirmed",
        f"{number} object{'' if number == 1 else 's'} found by name alone: no record names it, so it is not certain that this stack created what it would take over. Nothing was changed.",
        Advice(
            "Review the imports before they are applied (",
            Option("review"),
            "), confirm all with ",
            Option("adopt"),
            ", declare adopt=True, or name them:",
            *(import_(change.address, change.id) for change in unproven),
            "If they belong to another user or environment on the same platform, give yours other names: with name_prefix= on the environment, or a platform_name of their own.",
        ),
    )
