"""What only Kubernetes has: any object as a resource of the stack, written in Python or read from YAML files.

Programs use these; `expand` turns them into objects.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import PlainValidator, WithJsonSchema
from typing_extensions import Unpack

from wlinfra.errors import Diagnostic, Severity
from wlinfra.resources.base import Resource, ResourceOptions, name_validator
from wlinfra.resources.declaring import Problem, caller, current_gathering, locate, standing_at
from wlinfra.resources.fields import Flag, Plain, attribute, broken_rule, marked, sendable
from wlinfra.resources.lenient import admits_unknown, opened, opened_unless_text
from wlinfra.values import Ref, Secret, Template, format_path, map_leaves, parse_template
from wlinfra_manifests.document import is_base64
from wlinfra_manifests.listmaps import find_duplicates

from .readers import READ_KINDS

if TYPE_CHECKING:
    from .manifest_files import FileObject

__all__ = ["Manifest", "manifests_from"]

_REQUIRED = ("apiVersion", "kind", "metadata")
_EXAMPLES = [
    {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": {"app": name}}, "data": {}}
    for kind, name in (("ConfigMap", "settings"), ("Secret", "token"))
]
_ROLLING = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_NAMES = ("name", "namespace")
_SET_BY_CLUSTER = ("resourceVersion", "managedFields")


def _to_manifest(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise broken_rule(
            Problem(
                summary="Wrong type",
                detail=f"A manifest is a dict, not {type(value).__name__}.",
                fix='Write it as {"apiVersion": ..., "kind": ..., "metadata": {"name": ...}, ...}.',
            )
        )
    texts = value.get("stringData")
    if isinstance(texts, Mapping) and any(isinstance(text, bytes) for text in texts.values()):
        raise broken_rule(
            Problem(
                summary="Wrong type",
                detail="stringData holds texts, and one of them is bytes.",
                fix="Give bytes in data, where they are encoded.",
            )
        )
    found = map_leaves(sendable(dict(value)), _to_leaf)
    return _with_identity_opened(map_leaves(found, opened_unless_text)) if admits_unknown() else dict(found)


def _with_identity_opened(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of a tool in which no secret stands for what the object is called."""
    known = {name: opened(manifest[name]) for name in ("apiVersion", "kind", "metadata") if name in manifest}
    if isinstance(metadata := known.get("metadata"), Mapping):
        known["metadata"] = {**metadata, **{name: opened(metadata[name]) for name in _NAMES if name in metadata}}
    return {**manifest, **known}


def _to_leaf(leaf: Any) -> Any:
    if isinstance(leaf, str):
        return parse_template(leaf)
    if isinstance(leaf, bytes):  # such as a keystore in the data of a Secret, or binaryData
        return base64.b64encode(leaf).decode()
    if isinstance(leaf, Resource):
        return leaf.ref("id")
    return leaf


def _to_sources(value: Any) -> tuple[Manifest, ...]:
    items = tuple(value) if isinstance(value, list | tuple) else (value,)
    for item in items:
        if not isinstance(item, Manifest) or item.manifest.get("kind") not in READ_KINDS:
            raise broken_rule(
                Problem(
                    summary="Wrong type",
                    detail="roll_on lists the Manifests of Secrets and ConfigMaps of this program.",
                    fix="Pass them as they were declared: roll_on=[config].",
                )
            )
    return items


class Manifest(Resource):
    """Any Kubernetes object; texts in it may hold references, and others may refer to its outputs.

    >>> quota = Manifest("quota", {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "gpus"}})
    >>> quota.address, str(quota.id)
    ('manifest.quota', '${wlinfra:manifest.quota#id}')
    """

    type: ClassVar[str] = "manifest"

    name: Annotated[
        str, PlainValidator(name_validator('"metadata": {"name": ...}')), WithJsonSchema({"type": "string"})
    ] = attribute(..., "What it is called in this stack; the object's own name stands in its metadata.")
    manifest: Annotated[
        dict[str, Any], PlainValidator(_to_manifest), WithJsonSchema({"type": "object", "examples": _EXAMPLES})
    ] = attribute(..., "The object as Kubernetes takes it.")
    cluster_scoped: Flag | None = attribute(
        None, "Whether it lives in no namespace; known for the kinds of Kubernetes itself."
    )
    outputs: dict[Plain, Plain] = attribute(
        {}, "Names of outputs and the paths they stand at, such as status.loadBalancer."
    )

    roll_on: Annotated[
        tuple[Manifest, ...],
        PlainValidator(_to_sources),
        WithJsonSchema({"type": "array", "items": marked("$resource", {"type": "string"})}),
    ] = attribute((), "Secrets and ConfigMaps whose change restarts its pods, which read them at their start.")

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str,
            /,
            manifest: Mapping[str, Any] = ...,
            *,
            cluster_scoped: bool | None = None,
            outputs: Mapping[str, str] = ...,
            roll_on: Sequence[Manifest] = ...,
            **options: Unpack[ResourceOptions],
        ) -> None: ...

    else:

        def __init__(self, name=None, /, manifest=None, **attributes):
            if manifest is not None:
                attributes["manifest"] = manifest
            super().__init__(name, **attributes)

    @property
    def id(self) -> Ref:
        """The uid the cluster gave it."""
        return self.ref("id")

    def output(self, name: str) -> Ref:
        """Return a reference to an output named in ``outputs``."""
        return self.ref(name)

    def rules(self) -> Iterator[Problem]:
        """Yield what every manifest needs."""
        if self.roll_on and self.manifest.get("kind") not in _ROLLING:
            yield Problem(
                summary="Attribute not allowed",
                detail=f"roll_on restarts the pods of {', '.join(sorted(_ROLLING))}; this is a {self.manifest.get('kind')}.",
                fix="Leave it out.",
                path=("roll_on",),
            )
        if self.platform_name is not None:
            yield Problem(
                summary="Attribute not allowed",
                detail="A Manifest takes no platform_name: its object says itself what it is called.",
                fix='Write the name into the object, "metadata": {"name": "..."}, and leave platform_name out.',
                path=("platform_name",),
            )
        missing = [name for name in _REQUIRED if not _is_given(self.manifest.get(name))]
        metadata = self.manifest.get("metadata")
        generated = isinstance(metadata, Mapping) and metadata.get("generateName")
        set_by_cluster = isinstance(metadata, Mapping) and any(metadata.get(name) for name in _SET_BY_CLUSTER)
        if generated or "status" in self.manifest or set_by_cluster:
            yield Problem(
                summary="Attribute not allowed",
                detail="generateName would make a new object with each apply, and status, metadata.resourceVersion and metadata.managedFields belong to the cluster.",
                fix='Leave them out, and give the object a name: "metadata": {"name": "..."}.',
                path=("manifest",),
            )
        elif missing:
            yield Problem(
                summary="Missing attribute",
                detail=f"The manifest has no {', '.join(missing)} that is known while the program runs.",
                fix="Every Kubernetes object has apiVersion, kind and metadata.",
                path=("manifest",),
            )
        elif not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
            yield Problem(
                summary="Missing attribute",
                detail="The manifest has no name that is known while the program runs.",
                fix='Give it a plain text: "metadata": {"name": "..."}.',
                path=("manifest", "metadata"),
            )
        elif (self.manifest["apiVersion"], self.manifest["kind"]) == ("v1", "Secret"):
            yield from _data_problems(self.manifest)
        for path, key in () if missing else find_duplicates(self.manifest):
            yield Problem(
                summary="Entry stands twice",
                detail=f"{format_path(path)} has two entries with the {key}, and the cluster keeps one for each.",
                fix="Remove one of them, or give it another key.",
                path=("manifest", *path),
            )


def _is_given(value: Any) -> bool:
    return isinstance(value, str | Mapping) and bool(value)


def _data_problems(manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the data of a Secret, by its names alone."""
    for part in ("data", "stringData"):
        data = manifest.get(part) or {}
        for name, value in data.items() if isinstance(data, Mapping) else ():
            if isinstance(value, Secret | Ref | Template):
                continue
            if not isinstance(value, str):
                why, fix = "is not a text", "Write it in quotes."
            elif part == "data" and not is_base64(value):
                why, fix = "is not base64", "Encode it, or write plain text in stringData."
            else:
                continue
            yield Problem(
                summary="Wrong data of a Secret", detail=f"{part}.{name} {why}.", fix=fix, path=("manifest", part)
            )


def manifests_from(path: str | Path, **options: Unpack[ResourceOptions]) -> Iterator[Manifest]:
    """Yield a resource for every object in a YAML file, or in all YAML files of a folder and those below it.

    A relative path starts at the file that calls. Each is named by its kind and name. Texts may refer to other
    resources as ``${wlinfra:workload.chat#endpoint}``. Raises DeclarationError for files that cannot be used.
    """
    where = locate(caller())
    root = Path(path)
    if not root.is_absolute() and where is not None:
        root = Path(where.file).parent / root
    from .manifest_files import read_objects

    found = read_objects(root)
    _report_left_out(found)
    for item in found:
        with standing_at(item.location.file, item.location.line):
            made = Manifest(_name_of(item.manifest), item.manifest, **options)
        yield made


def _report_left_out(found: Sequence[FileObject]) -> None:
    """Warn once of what exported files hold that only the cluster sets; a stack made by hand hears nothing."""
    exported, session = [item for item in found if item.left_out], current_gathering()
    if not exported or session is None:
        return
    names = ", ".join(dict.fromkeys(name for item in exported for name in item.left_out))
    session.diagnostics.append(
        Diagnostic(
            severity=Severity.WARNING,
            summary="Exported objects",
            detail=f"{len(exported)} of the objects in files hold what only the cluster sets, which was left out: {names}.",
            fix="Nothing needs to be done; take it out of the files to see no more of this.",
            location=exported[0].location,
        )
    )


def _name_of(document: Mapping[str, Any]) -> str:
    metadata = document["metadata"]
    text = "-".join(str(part) for part in (document["kind"], metadata.get("namespace"), metadata["name"]) if part)
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-") or "manifest"
