"""What the containers of one pod say: why they are not ready, and whether that can heal.

`pods` asks it for each pod. Init containers and sidecars are judged like the others; what waits for them says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .model import Look, condition, one_line

__all__ = ["Trouble", "container_troubles"]

_INCURABLE: Final = "InvalidImageName"
"""It stays until the pod is another one."""
_CANNOT_BEGIN: Final = frozenset(
    {
        _INCURABLE,
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
        "CreateContainerConfigError",
        "CreateContainerError",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
        "RunContainerError",
    }
)
_TOLD: Final = 500
"""Characters of a container's last words that are shown: the end of them, where errors stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why pods are not ready."""

    reason: str
    final: bool = False
    """It will not heal by itself, as far as the configured patience goes."""
    mild: bool = False
    """It may be nothing: what begins is not ready at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Container:
    """One container: what its status says, what was wanted, and what it is called."""

    look: Look
    pod: Mapping[str, Any]
    status: Mapping[str, Any]
    spec: Mapping[str, Any]
    role: str

    @property
    def where(self) -> str:
        return f"{self.role} {self.status.get('name')} of pod {self.pod['metadata']['name']}"

    @property
    def ends(self) -> bool:
        """True when it is meant to end."""
        return self.role == "init container" or (self.pod.get("spec") or {}).get("restartPolicy", "Always") != "Always"

    @property
    def last_end(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (self.status.get("lastState") or {}).get("terminated") or {}
        return found


def container_troubles(look: Look, pod: Mapping[str, Any]) -> Iterator[Trouble]:
    """Yield what is wrong with each container that is not ready, in the order in which they begin."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    for wanted, reported, role in (
        ("initContainers", "initContainerStatuses", "init container"),
        ("containers", "containerStatuses", "container"),
    ):
        specs = {item["name"]: item for item in spec.get(wanted) or ()}
        for item in status.get(reported) or ():
            mine = specs.get(item.get("name"), {})
            name = "sidecar" if role == "init container" and mine.get("restartPolicy") == "Always" else role
            yield from _troubles(_Container(look=look, pod=pod, status=item, spec=mine, role=name))


def _troubles(container: _Container) -> Iterator[Trouble]:
    state = container.status.get("state") or {}
    if state.get("waiting"):
        yield _held_back(container, state["waiting"])
    elif state.get("terminated"):
        ended = state["terminated"]
        if not container.ends or ended.get("exitCode"):
            yield Trouble(reason=f"{container.where} ended ({_end_of(ended)}): {_last_words(ended)}".rstrip(": "))
    elif state.get("running") and not container.status.get("ready"):
        yield _running(container)


def _held_back(container: _Container, waiting: Mapping[str, Any]) -> Trouble:
    reason, message = str(waiting.get("reason") or "no reason"), str(waiting.get("message") or "")
    if reason == "CrashLoopBackOff":
        return _crashing(container, message)
    if reason not in _CANNOT_BEGIN:
        return Trouble(reason=f"{container.where} has not begun: {reason} {message}".rstrip(), mild=True)
    said = message or str(container.status.get("image") or "")
    patience = container.look.platform.config.image_grace
    final = reason == _INCURABLE or container.look.lasted(*_begun(container.pod)) >= patience
    return Trouble(reason=f"{container.where}: {reason}: {said}", final=final)


def _begun(pod: Mapping[str, Any]) -> Iterator[str | None]:
    """Yield the times of which the latest is when the containers could begin."""
    status = pod.get("status") or {}
    yield pod["metadata"].get("creationTimestamp")
    yield condition(status, "PodScheduled").get("lastTransitionTime")
    for item in status.get("initContainerStatuses") or ():
        yield ((item.get("state") or {}).get("terminated") or {}).get("finishedAt")


def _crashing(container: _Container, message: str) -> Trouble:
    """Return the crashes; final when there were too many, the last one under the eyes of this run."""
    look, ended = container.look, container.last_end
    count = int(container.status.get("restartCount") or 0)
    seen = not (
        look.precedes(container.pod["metadata"].get("creationTimestamp")) and look.precedes(ended.get("finishedAt"))
    )
    times = f"{count} restart{'' if count == 1 else 's'}"
    why = ", ".join(part for part in ("CrashLoopBackOff", times, _end_of(ended)) if part)
    return Trouble(
        reason=f"{container.where} crashes ({why}): {_last_words(ended) or message}".rstrip(": "),
        final=count >= look.platform.config.crash_restarts and seen,
    )


def _running(container: _Container) -> Trouble:
    count = int(container.status.get("restartCount") or 0)
    if container.role == "init container":
        return Trouble(reason=f"{container.where} has not ended yet", mild=True)
    if count and container.last_end:
        why = _end_of(container.last_end)
        return Trouble(
            reason=f"{container.where} is not ready after {count} restart{'' if count == 1 else 's'} ({why})"
        )
    probe = next((name for name in ("startup", "readiness") if container.spec.get(f"{name}Probe")), "")
    if probe == "startup" and container.status.get("started"):
        probe = "readiness"
    why = f": its {probe} probe has not succeeded" if probe else ""
    return Trouble(reason=f"{container.where} runs and is not ready{why}", mild=True)


def _end_of(ended: Mapping[str, Any]) -> str:
    """Return how a container ended, such as ``OOMKilled, exit code 137``."""
    reason = str(ended.get("reason") or "")
    named = [] if reason in ("", "Error", "Completed") else [reason]
    return ", ".join([*named, f"exit code {ended['exitCode']}"] if ended.get("exitCode") is not None else named)


def _last_words(ended: Mapping[str, Any]) -> str:
    text = one_line(str(ended.get("message") or ""))
    return text if len(text) <= _TOLD else f"…{text[-_TOLD:]}"
