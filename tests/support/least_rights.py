"""A stack that a user without any rights runs after the generated roles were granted, and what those rights were for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from .cluster_stage import ClusterStage

if TYPE_CHECKING:
    from engines.kubernetes.handle import Request

__all__ = ["LeastRights", "Right", "granted"]

USER = "kinds-user"
CLUSTER_ITSELF = "/api/v1/namespaces/kube-system"
Right = tuple[str, str, str, str]
"""Namespace, empty for the whole cluster, verb, group and resource."""


@dataclass(slots=True, kw_only=True)
class LeastRights:
    """The requests of one stack's life, held against the roles that were generated for it."""

    stage: ClusterStage
    rights: set[Right] = field(default_factory=set)
    """All that was granted so far."""
    _before: int = field(init=False)

    def __post_init__(self) -> None:
        self.stage.user = USER
        self._before = len(self.stage.cluster.requests(USER))

    def grant(self, *, without: str = "") -> None:
        """Give the user the roles that the program of now asks for, but for those of a namespace that is not there."""
        printed = self.stage.project.run("render", "-e", "cluster", "--rbac").out
        found = yaml.safe_load_all(printed.replace("ACCOUNT", USER))
        roles = [role for role in found if not without or role["metadata"].get("namespace") != without]
        self.stage.cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(roles))
        self.rights |= granted(roles)

    @property
    def used(self) -> set[Right]:
        """What the requests took: an apply that made its object took two rights."""
        asked = [one for one in self._asked if one.resource]
        made = {(_place(one), "create", one.group, one.resource) for one in asked if one.code == 201}
        return made | {(_place(one), one.verb, one.group, one.resource) for one in asked}

    @property
    def refused(self) -> list[str]:
        """What was asked for in vain."""
        return [f"{one.verb} {one.uri}" for one in self._asked if one.code == 403]

    @property
    def _asked(self) -> list[Request]:
        """All requests but the one that tells the cluster from others: it may be refused, and no role grants it."""
        return [one for one in self.stage.cluster.requests(USER)[self._before :] if one.uri != CLUSTER_ITSELF]

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Take back what is granted for the whole cluster; what a namespace holds goes with it."""
        try:
            yield
        finally:
            name = f"{self.stage.namespace}-wlinfra-{self.stage.stack}-cluster"
            self.stage.cluster.kubectl("delete", "clusterrole,clusterrolebinding", name, "--ignore-not-found")


def _place(request: Request) -> str:
    """Return the namespace of a request; the audit log tells one of a namespace to be in itself."""
    return "" if request.resource == "namespaces" else request.namespace


def granted(roles: list[dict[str, Any]]) -> set[Right]:
    """Return every right of the roles by itself."""
    return {
        (role["metadata"].get("namespace", ""), verb, group, resource)
        for role in roles
        for rule in role.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
