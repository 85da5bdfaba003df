"""Containers: what an artifact consists of. `artifact.Artifact.groups` gives them to providers in one form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import PlainValidator

from wlinfra.resources.declaring import Problem
from wlinfra.resources.fields import Flag, Label, Line, Plain, Prose, Text, Whole, Word, attribute, broken_rule
from wlinfra.resources.model import Model
from wlinfra.resources.variables import EnvVar, Variables
from wlinfra.values import Secret, Unknown

__all__ = [
    "Capabilities",
    "CodeRef",
    "Container",
    "ContainerGroup",
    "GeneratedDockerfile",
    "ImageBuild",
    "Probe",
    "ProvidedDockerfile",
    "SeccompProfile",
    "SecurityContext",
]


class Probe(Model):
    """An HTTP request that checks whether a container has started, is ready, or is alive.

    What is left out is the platform's own; the port is that of the container.
    """

    path: Line = attribute(..., "The path asked for.")
    port: Whole | None = attribute(None, "The port asked; the container's port when left out.", ge=1, le=65535)
    scheme: Literal["HTTP", "HTTPS"] | None = attribute(None, "How it is asked; HTTP when left out.")
    host: Line | None = attribute(None, "The host name sent with the request.")
    headers: dict[Plain, Line] | None = attribute(None, "Headers sent with the request.", "http_headers")
    initial_delay_seconds: Whole | None = attribute(None, "Seconds to wait before the first request.", ge=0)
    period_seconds: Whole | None = attribute(None, "Seconds between two requests.", ge=1)
    timeout_seconds: Whole | None = attribute(None, "Seconds to wait for an answer.", ge=1)
    failure_threshold: Whole | None = attribute(None, "Failures in a row that count as failed.", ge=1)
    success_threshold: Whole | None = attribute(None, "Successes in a row that count as passed.", ge=1)


class Capabilities(Model):
    """Linux capabilities given to a container or taken from it."""

    add: tuple[Word, ...] | None = attribute(None, "Capabilities to give; ordinary users may not.")
    drop: tuple[Word, ...] | None = attribute(None, "Capabilities to take away.")


class SeccompProfile(Model):
    """Which system calls a container may make."""

    type: Literal["RuntimeDefault", "Unconfined", "Localhost"] = attribute(..., "Whose profile it is.")
    localhost_profile: Word | None = attribute(None, "The profile's file on the node, with type Localhost only.")

    def rules(self) -> Iterator[Problem]:
        """Yield a profile file without Localhost, and Localhost without one."""
        if self.type == "Localhost" and not self.localhost_profile:
            yield Problem(
                summary="Missing attribute",
                detail="A Localhost profile is a file on the node.",
                fix="Add localhost_profile=...",
                path=("localhost_profile",),
            )
        elif self.type != "Localhost" and self.localhost_profile is not None:
            yield Problem(
                summary="Attributes exclude each other",
                detail="localhost_profile goes with type Localhost only.",
                fix='Set type="Localhost" or leave localhost_profile out.',
                path=("localhost_profile",),
            )


class SecurityContext(Model):
    """What a container may do on its node; ordinary users can only tighten it."""

    capabilities: Capabilities | None = attribute(None, "Linux capabilities added and dropped.")
    allow_privilege_escalation: Flag | None = attribute(None, "Whether a process may gain more rights than its parent.")
    read_only_root_filesystem: Flag | None = attribute(None, "Whether the root file system is read only.")
    seccomp_profile: SeccompProfile | None = attribute(None, "Which system calls are allowed.")


class CodeRef(Model):
    """Source files the platform stores."""

    catalog_id: Line = attribute(..., "The id of the stored files.")
    catalog_version_id: Line = attribute(..., "The version of the stored files.")


class ProvidedDockerfile(Model):
    """A Dockerfile that is part of the sources."""

    source: Literal["provided"] = attribute("provided", "The kind of Dockerfile.")
    path: Word = attribute("./Dockerfile", "Its path in the sources.", min_length=1)


class GeneratedDockerfile(Model):
    """A Dockerfile the platform creates from one of its execution environments."""

    source: Literal["generated"] = attribute("generated", "The kind of Dockerfile.")
    execution_environment_id: Line = attribute(..., "The id of the execution environment.")
    execution_environment_version_id: Line = attribute(..., "The version of the execution environment.")
    entrypoint: tuple[Text, ...] = attribute(..., "The command the image starts.", min_length=1)


def _to_dockerfile(value: Any) -> ProvidedDockerfile | GeneratedDockerfile:
    match value:
        case ProvidedDockerfile() | GeneratedDockerfile():
            return value
        case str():
            return ProvidedDockerfile(path=value)
        case dict() if all(isinstance(name, str) for name in value):
            source = value.get("source")
            if isinstance(source, Unknown | Secret):
                source = "generated" if "entrypoint" in value else "provided"
            is_generated = isinstance(source, str) and source == "generated"
            model = GeneratedDockerfile if is_generated else ProvidedDockerfile
            return model(**value)
        case _:
            raise broken_rule(
                Problem(
                    summary="Wrong type",
                    detail=f"A Dockerfile is a path in the sources or a GeneratedDockerfile, not {type(value).__name__}.",
                    fix='Write it as "./Dockerfile".',
                )
            )


Dockerfile: TypeAlias = Annotated[
    ProvidedDockerfile | GeneratedDockerfile,
    PlainValidator(_to_dockerfile, json_schema_input_type=str | ProvidedDockerfile | GeneratedDockerfile),
]


class ImageBuild(Model):
    """How the platform builds the image from sources."""

    code_ref: CodeRef | None = attribute(None, "The sources; needed before a build or a lock.")
    dockerfile: Dockerfile | None = attribute(
        None, "The Dockerfile: a path in the sources, or one that is generated; the one at the root when left out."
    )


class Container(Model):
    """One container: its image, port, environment and probes."""

    image: Line | None = attribute(
        None, "The image to run; either this or `build`.", "image_uri", examples=["ghcr.io/acme/chat:1.4.2", "llm:0.9"]
    )
    build: ImageBuild | None = attribute(None, "How the platform builds the image.", "image_build_config")
    port: Whole | None = attribute(None, "The port it serves on; the primary container only.", ge=1024, le=65535)
    name: Label | None = attribute(None, "Its name; needed when there are several containers, else `main`.")
    primary: Flag | None = attribute(None, "Whether requests go to it; a sole container is primary by itself.")
    env: Variables = attribute((), "Environment variables: a dict, or a list of names and values.", "environment_vars")
    entrypoint: tuple[Text, ...] | None = attribute(
        None, "The command to start, as a list; the image's own when left out."
    )
    readiness: Probe | None = attribute(None, "Checks whether it can receive requests.", "readiness_probe")
    liveness: Probe | None = attribute(None, "Checks whether it must be restarted.", "liveness_probe")
    startup: Probe | None = attribute(
        None, "Checks whether it has started; the other probes wait for it.", "startup_probe"
    )
    security: SecurityContext | None = attribute(None, "What it may do on its node.", "security_context")
    description: Prose = attribute("", "A description for users.")

    @property
    def variables(self) -> dict[str, EnvVar]:
        """Its environment variables by name."""
        return {variable.name: variable for variable in self.env}

    def probes(self) -> Iterator[tuple[str, Probe]]:
        """Yield its probes with their names."""
        for name in ("startup", "readiness", "liveness"):
            probe = getattr(self, name)
            if probe is not None:
                yield name, probe

    def rules(self) -> Iterator[Problem]:
        """Yield what is wrong with the container by itself."""
        if (self.image is None) == (self.build is None):
            yield Problem(
                summary="Attributes exclude each other" if self.image is not None else "Missing attribute",
                detail="A container has either an image or a build.",
                fix="Give image= or build=, not both.",
                path=("image",),
            )
        if isinstance(self.image, str) and (not self.image or self.image != self.image.strip()):
            yield Problem(
                summary="Value not allowed", detail="An image has a name without blanks around it.", path=("image",)
            )
        if self.port is not None and self.primary is False:
            yield Problem(
                summary="Port not allowed",
                detail="Only the primary container serves a port.",
                fix="Leave the port out, or declare this container as the primary one.",
                path=("port",),
            )

    def warnings(self) -> Iterator[Problem]:
        """Yield probes that ask another port than the one that serves."""
        for name, probe in self.probes():
            if probe.port is not None and self.port is not None and probe.port != self.port:
                yield Problem(
                    summary="Probe asks another port",
                    detail=f"The {name} probe asks port {probe.port}, and the container serves on {self.port}.",
                    fix="Leave the probe's port out to ask the container's.",
                    path=(name, "port"),
                )


class ContainerGroup(Model):
    """Containers that run side by side in one pod."""

    containers: tuple[Container, ...] = attribute(..., "The containers, one of them primary.", min_length=1)
    name: Label = attribute("default", "Its name; a workload's runtime refers to it.")

    @property
    def primary(self) -> Container:
        """The container that requests go to."""
        return next(container for container in self.containers if container.primary)

    def rules(self) -> Iterator[Problem]:
        """Yield what is wrong between the containers."""
        yield from check_containers(self.containers)


def check_containers(containers: tuple[Container, ...]) -> Iterator[Problem]:
    """Yield what is wrong between the containers of one group."""
    primaries = [index for index, container in enumerate(containers) if container.primary or len(containers) == 1]
    if len(primaries) != 1:
        yield Problem(
            summary="Exactly one primary container",
            detail=f"Requests go to one container of a group, and {len(primaries)} are marked as primary.",
            fix="Set primary=True on the one that serves.",
            path=("containers",),
        )
        primaries = []
    for index, container in enumerate(containers if primaries else ()):
        yield from _check_role(index, container, sole=len(containers) == 1, primary=index in primaries)
    names = [container.name for container in containers if container.name is not None]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield Problem(
                summary="Duplicate container name",
                detail=f"Several containers are called {name}.",
                fix="Give each container of the group a name of its own.",
                path=("containers",),
            )


def _check_role(index: int, container: Container, *, sole: bool, primary: bool) -> Iterator[Problem]:
    path = ("containers", index)
    if sole and container.primary is False:
        yield Problem(
            summary="Exactly one primary container",
            detail="The only container of a group is its primary one.",
            fix="Leave primary out.",
            path=(*path, "primary"),
        )
    elif primary and container.port is None:
        yield Problem(
            summary="Missing attribute",
            detail="The primary container needs a port for requests.",
            fix="Add port=8080, or whichever port it serves on.",
            path=(*path, "port"),
        )
    elif not primary and container.port is not None and container.primary is None:
        yield Problem(
            summary="Port not allowed",
            detail="Only the primary container serves a port.",
            fix="Leave the port out, or set primary=True on this container.",
            path=(*path, "port"),
        )
    if not sole and container.name is None:
        yield Problem(
            summary="Missing attribute",
            detail="Where several containers run side by side, each needs a name.",
            fix='Add name="...".',
            path=(*path, "name"),
        )


def settle(group: ContainerGroup) -> ContainerGroup:
    """Return the group with what follows from it filled in: the sole container's name and role, the probes' ports."""
    sole = len(group.containers) == 1
    containers = tuple(_settle_container(container, sole=sole) for container in group.containers)
    return group.model_copy(update={"containers": containers})


def _settle_container(container: Container, *, sole: bool) -> Container:
    update: dict[str, Any] = {"primary": sole or bool(container.primary), "name": container.name or "main"}
    for name, probe in container.probes():
        if probe.port is None and container.port is not None:
            update[name] = probe.model_copy(update={"port": container.port})
    return container.model_copy(update=update)
