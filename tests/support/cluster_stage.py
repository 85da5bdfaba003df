"""A stack of one namespace of the test cluster, driven through the command line as a user does."""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.kubernetes.client import CONNECTION_LOST, ApiError
from engines.kubernetes.waiting import eventually

from .project import Completed, Project

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

__all__ = ["ClusterStage", "collecting", "container", "reserved_namespace"]

HEADER = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack({stack!r})


@stack.resources
def resources(env):
    yield from ()
{body}

"""


def container(image: str = "nginx:1", **more: Any) -> dict[str, Any]:
    """Return a container of a pod template, small enough for any node."""
    return {"name": "main", "image": image, "resources": {"requests": {"cpu": "0.1", "memory": "64M"}}, **more}


@contextmanager
def reserved_namespace(cluster: ClusterHandle, name: str) -> Iterator[None]:
    """Keep a namespace's name for one test at a time; whatever it makes of it is gone afterwards."""
    path = f"/api/v1/namespaces/{name}"
    with (cluster.folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if cluster.api.exists(path):
                cluster.api.delete(path)
            eventually(lambda: not cluster.api.exists(path), seconds=120)


@contextmanager
def collecting(cluster: ClusterHandle, collection: str) -> Iterator[None]:
    """Let go at once what is deleted there: the garbage collector finds kinds that a test defines after up to 30 s."""
    done = threading.Event()

    def collect() -> None:
        api = cluster.api
        while not done.wait(0.1):
            with suppress(ApiError, *CONNECTION_LOST):  # the kind, or the object, is gone by now
                for item in api.get(collection)["items"]:
                    meta = item["metadata"]
                    if "deletionTimestamp" in meta and meta.get("finalizers") == ["foregroundDeletion"]:
                        api.merge(f"{collection}/{meta['name']}", {"metadata": {"finalizers": None}})

    collector = threading.Thread(target=collect, daemon=True)
    collector.start()
    try:
        yield
    finally:
        done.set()
        collector.join()


@dataclass(slots=True, kw_only=True)
class ClusterStage:
    """Commands on one environment, ``cluster``, and looks at what the cluster then has."""

    cluster: ClusterHandle
    namespace: str
    folder: Path
    stack: str = "shop"
    user: str = "admin"
    project: Project = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.project = Project(folder=self.folder, environ={"CHAT_TOKEN": "s3cret-token"})

    def program(self, text: str, **options: Any) -> None:
        """Write a whole program and add the environment to it."""
        given = {"kubeconfig": str(self.cluster.kubeconfig_of(self.user)), "namespace": self.namespace, **options}
        listed = ", ".join(f"{name}={value!r}" for name, value in given.items())
        self.project.write(f'{text}\nstack.environment("cluster", provider="kubernetes", {listed})\n')

    def manifests(self, *documents: Mapping[str, Any], **options: Any) -> None:
        """Write a program of these objects, each at the address of its name, with hyphens for dots."""
        lines = [
            f"    yield Manifest({item['metadata']['name'].replace('.', '-')!r}, {dict(item)!r})" for item in documents
        ]
        self.program(HEADER.format(stack=self.stack, body="\n".join(lines)), **options)

    def deployment(self, *, image: str = "nginx:1", replicas: int | None = 1, **options: Any) -> None:
        """Write a program of one Deployment named web; it declares no replicas where they are None."""
        pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container(image)]}}
        spec: dict[str, Any] = {"selector": {"matchLabels": {"app": "web"}}, "template": pod}
        spec |= {"replicas": replicas} if replicas is not None else {}
        self.manifests(
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}, **options
        )

    def run(self, command: str, *arguments: str, code: int | None = 0) -> Completed:
        """Run a command on the environment."""
        return self.project.run(command, "-e", "cluster", *arguments, code=code)

    def apply(self, *arguments: str, code: int | None = 0) -> Completed:
        """Apply without asking."""
        return self.run("apply", "--auto-approve", *arguments, code=code)

    def actions(self, *arguments: str) -> dict[str, str]:
        """Return what a plan would do to each address that it changes."""
        return self.project.actions("-e", "cluster", *arguments)

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the namespace."""
        return self.cluster.kubectl("-n", self.namespace, *arguments)

    def get(self, kind: str, name: str) -> Any:
        """Return what kubectl shows of an object."""
        return json.loads(self.kubectl("get", kind, name, "-o", "json"))

    def names(self, kind: str) -> set[str]:
        """Return the names of the objects of a kind."""
        return set(self.kubectl("get", kind, "-o", "jsonpath={.items[*].metadata.name}").split())

    @contextmanager
    def watched(self, name: str) -> Iterator[list[int]]:
        """Collect each number of replicas that a Deployment is told to have meanwhile, from every version of it."""
        api, done = self.cluster.api, threading.Event()
        collection = f"/apis/apps/v1/namespaces/{self.namespace}/deployments"
        seen: list[int] = []
        latest: dict[str, str] = {}

        def note(deployment: Any) -> None:
            if deployment["metadata"]["name"] == name:
                latest["version"] = deployment["metadata"]["resourceVersion"]
                replicas = deployment["spec"]["replicas"]
                seen.extend([replicas] if seen[-1:] != [replicas] else [])

        def caught_up() -> bool:
            path = f"{collection}/{name}"
            return not api.exists(path) or latest.get("version") == api.get(path)["metadata"]["resourceVersion"]

        found = api.get(collection)
        for item in found["items"]:
            note(item)

        def look() -> None:
            with suppress(ApiError, *CONNECTION_LOST):  # the cluster may end before the stream does
                for event in api.watch(collection, found["metadata"]["resourceVersion"], done):
                    note(event["object"])

        threading.Thread(target=look, daemon=True).start()
        try:
            yield seen
        finally:
            eventually(caught_up)
            done.set()
