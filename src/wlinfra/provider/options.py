"""The options of an environment's provider: what is wrong with them, and which of them may be recorded.

Providers whose options are a pydantic model call `wrong_options`, in the words in which attributes are refused, and
`public_options`; the workspace adds which environment it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from wlinfra.errors import Diagnostic
from wlinfra.resources.mistakes import explain
from wlinfra.values import Json, format_path

__all__ = ["public_options", "wrong_options"]


def public_options(config: BaseModel, options: Mapping[str, Any], secret: Collection[str] = ()) -> Mapping[str, Json]:
    """Return those of the given options that may be recorded, as plain JSON.

    Neither one named in ``secret`` is among them nor one that holds something else than plain values, such as a `Secret`.
    """
    found: dict[str, Json] = {}
    for name in sorted(options.keys() - set(secret)):
        try:
            found |= config.model_dump(mode="json", include={name})
        except PydanticSerializationError:
            continue
    return found


def wrong_options(model: type[BaseModel], error: ValidationError) -> Iterator[Diagnostic]:
    """Yield one diagnostic for each option that is wrong, never with a value that may be secret."""
    names = sorted(model.model_fields, key=lambda name: name not in model.__annotations__)  # its own first
    known = f"The options are: {', '.join(names)}."
    for problem in explain(model, error):
        path = format_path(problem.path)
        detail = problem.detail
        if problem.summary == "Unknown attribute":
            detail = f"There is no option {path}."
        yield Diagnostic(
            summary="Provider option is wrong",
            detail=f"{path}: {detail}",
            fix=problem.fix if problem.fix.startswith("Did you mean") else f"{problem.fix} {known}".strip(),
            path=path,
        )
