"""Mocks for tests of Pulumi programs, which answer as the plugin's preview would: without an engine and without a platform.

import pulumi
from pulumi_wlinfra.testing import mocks

pulumi.runtime.set_mocks(mocks())

@pulumi.runtime.test
def test_chat():
    import program
    return program.chat.endpoint.apply(lambda url: ...)
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import rpc

__all__ = ["Mocks", "mocks"]

_PROVIDER = "pulumi:providers:wlinfra"


class Mocks(pulumi.runtime.Mocks):
    """Checks each resource of this package, and returns its planned outputs with stand-ins for what is not known yet.

    A resource that the plugin refuses raises ValueError with the property's path. Resources of other packages come back
    as they were sent. In a preview nothing is checked, for Pulumi's mocks leave out what is unknown.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self._config: Mapping[str, Any] = {"platform": "datarobot", **(config or {})}
        self._bridges: dict[str, Any] = {}
        self._configured: dict[str, Mapping[str, Any]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Return the id and the outputs of a resource."""
        identity = args.resource_id or f"{args.name}-id"
        if args.typ == _PROVIDER:
            self._configured[args.name] = args.inputs
        elif args.typ.startswith("wlinfra:") and args.custom:
            return identity, {**self._planned(args), **args.inputs}
        return identity, args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        """Return what a function returns."""
        name = str(args.args.get("name") or args.args.get("id"))
        if args.token not in ("wlinfra:index:getArtifact", "wlinfra:index:getWorkload"):
            return {}
        outputs = ("artifactId", "version", "repositoryId") if "Artifact" in args.token else ("workloadId", "endpoint")
        return {"name": name, **{output: _stand_in(name, output) for output in outputs}}

    def _planned(self, args: pulumi.runtime.MockResourceArgs) -> dict[str, Any]:
        from wlinfra.pulumi.contract import Subject
        from wlinfra.values import contains_unknown

        inputs = {name: _revealed(value) for name, value in args.inputs.items()}
        subject = Subject(
            urn=f"urn:pulumi:stack::project::{args.typ}::{args.name}", type=args.typ, name=args.name, report=_ignored
        )
        bridge = self._bridge(args.provider or "")
        if not pulumi.runtime.is_dry_run():
            failures = bridge.check(subject, None, inputs).failures
            if failures:
                told = "; ".join(
                    f"{failure.path}: {failure.reason}" if failure.path else failure.reason for failure in failures
                )
                raise ValueError(f"{args.typ} {args.name}: {told}")
        outputs = {
            name: value for name, value in bridge.preview_create(subject, inputs).items() if name not in args.inputs
        }
        if pulumi.runtime.is_dry_run():
            return {name: value for name, value in outputs.items() if not contains_unknown(value)}
        return {name: _filled(args.name, name, value) for name, value in outputs.items()}

    def _bridge(self, provider: str) -> Any:
        from wlinfra.pulumi.bridge.bridge import CoreBridge
        from wlinfra.pulumi.contract import Place

        name = provider.rpartition("::")[0].rpartition("::")[2]
        if name not in self._bridges:
            config = {key: _revealed(value) for key, value in self._configured.get(name, self._config).items()}
            if config.get("platform", "datarobot") == "datarobot":
                config.setdefault("endpoint", "emulator")
            bridge = CoreBridge({"PULUMI_HOME": tempfile.gettempdir()})
            bridge.configure(Place(project="project", stack="stack", name=name or "default", id="", config=config))
            self._bridges[name] = bridge
        return self._bridges[name]


def mocks(config: Mapping[str, Any] | None = None) -> Mocks:
    """Return mocks for `pulumi.runtime.set_mocks`.

    ``config`` is that of the provider, in camelCase, such as ``{"platform": "kubernetes"}``; nothing is ever called.
    """
    return Mocks(config)


def _revealed(value: Any) -> Any:
    """Return a property as the plugin reads it: Pulumi's mocks mark one with a secret in it as a whole."""
    from wlinfra.pulumi.contract import SecretValue

    if rpc.is_rpc_secret(value):
        return SecretValue(_numbers(rpc.unwrap_rpc_secret(value)))
    return _numbers(value)


def _numbers(value: Any) -> Any:
    """Return the tree with integers where they are: on the wire every number is a float."""
    match value:
        case dict():
            return {key: _numbers(item) for key, item in value.items()}
        case list():
            return [_numbers(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def _filled(name: str, output: str, value: Any) -> Any:
    """Return an output with stand-ins for what is unknown in it."""
    from wlinfra.values import UNKNOWN

    if isinstance(value, dict):
        return {key: _filled(name, key, item) for key, item in value.items()}
    return _stand_in(name, output) if value is UNKNOWN else value


def _stand_in(name: str, output: str) -> Any:
    stand_ins: dict[str, Any] = {"version": 1, "endpoint": f"https://{name}.example.com/", "record": "{}"}
    return stand_ins.get(output, f"{name}-{output}")


def _ignored(severity: object, text: str, ephemeral: bool) -> None:
    """Show it to no one."""
