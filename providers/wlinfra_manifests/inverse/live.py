"""One container group as its objects show it, and how the objects of a workload are found by each other's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from wlinfra.values import Secret

from ..labels import GROUP, RESOLVED_BUNDLE, WORKLOAD
from ..model import Bundle, Target
from ..names import object_name

__all__ = ["Document", "LiveGroup", "SecretOf", "Shown", "is_made_by_another"]

Document: TypeAlias = Mapping[str, Any]
SecretOf: TypeAlias = Callable[[str], Secret]
"""How a secret variable is declared, by its name: `wl.secret_env`, for one."""

RUNNERS: Final = ("Deployment", "NIMService")


def is_made_by_another(document: Document) -> bool:
    """True when a controller made the object of another one, such as KEDA an autoscaler."""
    return any(owner.get("controller") for owner in document["metadata"].get("ownerReferences") or ())


@dataclass(frozen=True, slots=True)
class Shown:
    """The objects of one workload, without those that a controller made of them."""

    documents: tuple[Document, ...]

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Shown:
        """Return the objects of these that a user declared."""
        return cls(tuple(document for document in documents if not is_made_by_another(document)))

    def of_kind(self, *kinds: str) -> list[Document]:
        """Return the objects of the kinds."""
        return [document for document in self.documents if document["kind"] in kinds]

    def find(self, kind: str, name: str) -> Document | None:
        """Return the object of that kind and name."""
        return next((one for one in self.of_kind(kind) if one["metadata"]["name"] == name), None)

    def scaler(self, name: str) -> Document | None:
        """Return what scales the Deployment of that name."""
        for one in self.of_kind("HorizontalPodAutoscaler", "ScaledObject", "HTTPScaledObject"):
            if (one["spec"].get("scaleTargetRef") or {}).get("name") == name:
                return one
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGroup:
    """A Deployment or NIMService and what belongs to it."""

    runner: Document
    shown: Shown
    target: Target
    secret: SecretOf
    bundle_id: str = ""

    @property
    def name(self) -> str:
        """The name of what runs the pods."""
        return str(self.runner["metadata"]["name"])

    @property
    def by_operator(self) -> bool:
        """True for a NIMService."""
        return str(self.runner["kind"]) == "NIMService"

    @property
    def spec(self) -> Document:
        """What a Deployment or NIMService declares."""
        found: Document = self.runner["spec"]
        return found

    @property
    def pod(self) -> Document:
        """Where containers, placement and volumes stand."""
        found: Document = self.spec if self.by_operator else self.spec["template"].get("spec") or {}
        return found

    @property
    def selector(self) -> Mapping[str, str]:
        """The labels the pods are found by."""
        found: Mapping[str, str] = (
            self.spec.get("labels") if self.by_operator else self.spec["selector"].get("matchLabels")
        ) or {}
        return found

    @property
    def group(self) -> str:
        """The name of the container group."""
        return self.selector.get(GROUP, "default")

    @property
    def owner(self) -> str:
        """The name of the workload, where the object says it."""
        return self.selector.get(WORKLOAD, "")

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations of what runs the pods."""
        return self.runner["metadata"].get("annotations") or {}

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of what runs the pods."""
        return self.runner["metadata"].get("labels") or {}

    @property
    def claim(self) -> str:
        """The claim that holds model files; empty where there is none."""
        if self.by_operator:
            return str((self.spec.get("storage") or {}).get("pvc", {}).get("name") or "")
        for volume in self.pod.get("volumes") or ():
            if volume["name"] == "model-store":
                return str((volume.get("persistentVolumeClaim") or {}).get("claimName") or "")
        return ""

    @property
    def is_nim(self) -> bool:
        """True for a model server."""
        return self.by_operator or bool(self.claim)

    @property
    def is_stopped(self) -> bool:
        """True when nothing of it runs and nothing scales it."""
        replicas: int | None = self.spec.get("replicas")
        return replicas == 0 and self.shown.scaler(self.name) is None

    @property
    def bundle(self) -> Bundle | None:
        """The bundle taken for what it runs on."""
        return self.target.bundles.get(self.bundle_id)

    @property
    def is_placed(self) -> bool:
        """True when something says where its pods may run."""
        names = ("affinity", "nodeSelector", "runtimeClassName", "tolerations", "resourceClaims", "draResources")
        return any(self.pod.get(name) for name in names)

    def bundles(self) -> Iterator[str]:
        """Yield the bundles that it may have: the one that is written down, none, or any when it is placed."""
        noted = self.annotations.get(RESOLVED_BUNDLE, "")
        if noted in self.target.bundles:
            yield noted
            return
        yield ""
        if self.is_placed:
            yield from self.target.bundles

    def is_called(self, name: str) -> bool:
        """True when a workload of that name has this object."""
        return object_name(name) == (self.owner or self.name)
