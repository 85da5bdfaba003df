"""What the account offers and allows: bundles, credentials, limits."""

from __future__ import annotations

from typing import Any

from wlinfra_datarobot.client.calls import PAGE_SIZE, Methods, Pages
from wlinfra_datarobot.client.wire import Bundle, Credential

__all__ = ["Account"]


class Account(Methods):
    """Read-only facts about the account behind the token."""

    def bundles(self, *, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[Bundle]:
        """Return the resource bundles that can be asked for."""
        return self._calls.pages("/mlops/compute/bundles", Bundle, {}, offset=offset, limit=limit)

    def credentials(self, *, offset: int = 0, limit: int = PAGE_SIZE) -> Pages[Credential]:
        """Return the stored credentials, without what they hold."""
        return self._calls.pages("/credentials", Credential, {}, offset=offset, limit=limit)

    def info(self) -> dict[str, Any]:
        """Return the account's own record with its limits."""
        return self._calls.get("/account/info", dict[str, Any])
