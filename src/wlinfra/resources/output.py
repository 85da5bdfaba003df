"""What a stack gives others: values of its own, or references to what its resources become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from wlinfra.resources.base import Resource, references
from wlinfra.resources.declaring import Problem
from wlinfra.resources.fields import ANY_SCHEMA, Flag, Word, attribute, sendable
from wlinfra.resources.model import Model, passed_by
from wlinfra.values import Json, Ref, Secret, Template, find_unsendable, map_leaves, parse_template

__all__ = ["Output"]


class Output(Model):
    """A named value shown after apply and readable by other stacks.

    >>> Output("answer", {"n": 42}).value
    {'n': 42}
    """

    name: Word = attribute(..., "What it is called.", min_length=1)
    value: Annotated[Any, BeforeValidator(sendable), WithJsonSchema(ANY_SCHEMA)] = attribute(
        ..., "Plain JSON, which may contain references; a resource stands for its id."
    )
    sensitive: Flag = attribute(False, "Never show or store it in clear.")

    @passed_by
    def __init__(self, name: str, value: Json, *, sensitive: bool = False, **unknown: Any) -> None:
        if any(find_unsendable(value)):
            unknown["value"] = value
        else:
            unknown["value"] = map_leaves(value, _to_leaf)
        super().__init__(name=name, sensitive=sensitive, **unknown)

    def references(self) -> list[Ref | Resource]:
        """Return the references in its value."""
        return references(self.value)

    def rules(self) -> Iterator[Problem]:
        """Yield a secret that would be shown."""
        leaves: list[Any] = []
        map_leaves(self.value, leaves.append)
        if not self.sensitive and any(isinstance(leaf, Secret) for leaf in leaves):
            yield Problem(
                summary="Secret in an output",
                detail=f"The output {self.name} is shown after apply, and its value contains a secret.",
                fix="Add sensitive=True, or leave the secret out.",
                path=("value",),
            )
        if not all(isinstance(leaf, str | int | float | None | Ref | Template | Secret) for leaf in leaves):
            yield Problem(
                summary="Wrong type",
                detail="An output is plain JSON with references.",
                fix="Give one of the resource's outputs, such as chat.endpoint.",
                path=("value",),
            )


def _to_leaf(leaf: Any) -> Any:
    if isinstance(leaf, str):
        return parse_template(leaf)
    return leaf.ref("id") if isinstance(leaf, Resource) else leaf
