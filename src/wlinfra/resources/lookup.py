"""What this stack reads but does not own."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from wlinfra.errors import DeclarationError
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import caller, locate, require
from wlinfra.resources.fields import Line, Word, attribute, sendable
from wlinfra.values import Address, Ref

__all__ = ["Lookup", "lookup"]


class Lookup(Resource):
    """Something that exists already: it is read, and its outputs can be referred to, but it is never changed.

    Every attribute that is not one of its own is a reference to an output of that name.
    """

    lookup: ClassVar[bool] = True
    type: ClassVar[str] = "lookup"

    lookup_type: Word = attribute(..., "The type of what is looked up, such as workload.", min_length=1)
    lookup_id: Line | None = attribute(None, "Its id on the platform.")
    filters: Annotated[dict[str, Any], BeforeValidator(sendable)] = attribute(
        {}, "What else the provider needs to find it."
    )

    @property
    def address(self) -> Address:
        """Where it stands in the stack, such as ``lookup.workload.chat``."""
        return Address.of(self.lookup_type or "unknown", self.name, scope=(*getattr(self, "_scope", ()), "lookup"))

    def __getattr__(self, name: str) -> Ref:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.ref(name)


def lookup(
    type: str,  # noqa: A002 - the address's word
    *,
    name: str | None = None,
    id: str | None = None,  # noqa: A002 - the platform's word
    provider: str = "default",
    **filters: Any,
) -> Lookup:
    """Return something this stack reads but does not own, found by name or by id.

    It need not be yielded. Applying fails when it does not exist. Other arguments are the provider's own filters.

    >>> network = lookup("workload", name="gateway")
    >>> network.address, network.endpoint
    ('lookup.workload.gateway', Ref(lookup.workload.gateway.endpoint))
    """
    for what, value in (("type=", type), ("name=", name), ("id=", id), ("provider=", provider)):
        if value is not None or what in ("type=", "provider="):
            require(
                value, str, f"{what} of wl.lookup", "a string", 'Write it as wl.lookup("workload", name="gateway").'
            )
    if (name is None) == (id is None):
        raise DeclarationError.of(
            "Lookup not clear",
            "Something is looked up either by its name or by its id.",
            'Write it as wl.lookup("workload", name="gateway").',
            location=locate(caller()),
        )
    key = re.sub(r"[^A-Za-z0-9_-]+", "-", str(name if name is not None else id)).strip("-") or "it"
    return Lookup(name=key, platform_name=name, lookup_type=type, lookup_id=id, provider=provider, filters=filters)
