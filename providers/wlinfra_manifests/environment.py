"""Environment variables: plain values, and where Kubernetes takes the others from."""

from __future__ import annotations

import re
from typing import assert_never

from wlinfra.provider import Manifest
from wlinfra.resources.container import Container
from wlinfra.resources.declaring import Problem
from wlinfra.resources.variables import ApiKey, Credential, EnvVar
from wlinfra.values import Json, Ref, Secret, Template

from .group import Group
from .secrets import secret_key, secret_name

__all__ = ["literal", "render_environment"]

_NAME = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")


def render_environment(group: Group, container: Container) -> list[Manifest]:
    """Return the variables of a container in the order they are declared."""
    for variable in container.env:
        if not _NAME.fullmatch(variable.name):
            group.refuse_container(
                container,
                "env",
                Problem(
                    summary="Variable name not possible here",
                    detail="Kubernetes takes letters, digits, dots, hyphens and underscores, and no digit in front.",
                    fix="Rename the variable.",
                    path=(variable.name,),
                ),
            )
    rendered = [_variable(group, container, variable) for variable in container.env]
    return [item for item in rendered if item is not None]


def literal(text: str | Ref | Template) -> Json:
    """Return a text of which Kubernetes expands nothing: it would take ``$(NAME)`` for a variable and ``$$`` for ``$``.

    >>> literal("a$(B)c"), literal("costs $5")
    ('a$$(B)c', 'costs $5')
    """
    match text:
        case str():
            return text.replace("$", "$$") if "$(" in text or "$$" in text else text
        case Template(pieces):
            return Template(tuple(piece if isinstance(piece, Ref) else str(literal(piece)) for piece in pieces))
        case Ref():
            return text
        case _:
            assert_never(text)


def _variable(group: Group, container: Container, variable: EnvVar) -> Manifest | None:
    match variable.value:
        case Secret():
            return _from_secret(variable, secret_name(group), secret_key(container, variable))
        case Credential():
            return _credential(group, container, variable, variable.value)
        case ApiKey():
            return _api_key(group, container, variable)
        case str() if not variable.value:  # the server drops an empty value, so that sending it would own nothing
            return {"name": variable.name}
        case str() | Ref() | Template():
            return {"name": variable.name, "value": literal(variable.value)}
        case _:
            assert_never(variable.value)


def _from_secret(variable: EnvVar, secret: str, key: str) -> Manifest:
    return {"name": variable.name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _credential(group: Group, container: Container, variable: EnvVar, credential: Credential) -> Manifest | None:
    known = group.target.credentials
    if isinstance(credential.id, str) and credential.id in known:
        return _from_secret(variable, known[credential.id], credential.key)
    group.refuse_container(
        container,
        "env",
        Problem(
            summary="Credential has no Secret",
            detail="A cluster stores no credentials of the platform, and none of its Secrets is named for this one.",
            fix='Name the Secret in the target options of the environment: credentials={"<credential id>": "<name of a Secret>"}.',
            path=(variable.name,),
        ),
    )
    return None


def _api_key(group: Group, container: Container, variable: EnvVar) -> Manifest | None:
    known = group.target.api_key
    if known is not None:
        return _from_secret(variable, known.secret, known.key)
    group.refuse_container(
        container,
        "env",
        Problem(
            summary="No key of the platform",
            detail="A cluster makes no API keys, so it has none to put into the variable.",
            fix='Name a key of a Secret in the target options of the environment: api_key={"secret": "...", "key": "..."}, or use wl.secret_env.',
            path=(variable.name,),
        ),
    )
    return None
