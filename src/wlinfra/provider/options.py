"""What is wrong with the options of an environment's provider, in the words in which attributes are refused.

Providers whose options are a pydantic model call `wrong_options`; the workspace adds which environment it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ValidationError

from wlinfra.errors import Diagnostic
from wlinfra.resources.mistakes import explain
from wlinfra.values import format_path

__all__ = ["wrong_options"]


def wrong_options(model: type[BaseModel], error: ValidationError) -> Iterator[Diagnostic]:
    """Yield one diagnostic for each option that is wrong, never with a value that may be secret."""
    known = f"The options are: {', '.join(model.model_fields)}."
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
