"""What `kubectl get -o yaml` prints is managed as it is, and what the cluster refuses stands at its file and line."""

from __future__ import annotations

from support.cluster_stage import ClusterStage

PROGRAM = """
import wlinfra as wl
from wlinfra_kubernetes import manifests_from

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    yield from manifests_from("k8s")

"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""


def test_an_exported_file_is_adopted_and_edited_as_it_is(stage: ClusterStage) -> None:
    stage.program(PROGRAM)
    stage.kubectl("create", "deployment", "web", "--image=nginx:1", "--port=8080")
    stage.kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080")
    stage.kubectl("rollout", "status", "deployment", "web", "--timeout=90s")
    folder = stage.folder / "k8s"
    folder.mkdir()
    exported = stage.kubectl("get", "deployment,service", "-o", "yaml")
    assert "resourceVersion" in exported
    (folder / "all.yaml").write_text(exported)
    warned = stage.run("validate").err
    assert warned.count("Warning: Exported objects") == 1
    for name in ("status", "metadata.uid", "metadata.resourceVersion"):
        assert name in warned
    stage.apply("--adopt")
    assert stage.actions() == {}
    uid = stage.get("deployment", "web")["metadata"]["uid"]
    (folder / "all.yaml").write_text(exported.replace("nginx:1", "nginx:2"))
    stage.apply()
    live = stage.get("deployment", "web")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:2"
    assert live["metadata"]["uid"] == uid
    assert stage.actions() == {}


def test_what_the_cluster_refuses_is_told_at_the_file_and_line_of_its_document(stage: ClusterStage) -> None:
    stage.program(PROGRAM)
    folder = stage.folder / "k8s"
    folder.mkdir()
    wrong = SERVICE.replace("name: web", "name: second").replace("port: 80,", "port: 99999,")
    (folder / "all.yaml").write_text(f"# two services\n{SERVICE}---\n{wrong}")
    ended = stage.run("plan", code=1)
    assert "on k8s/all.yaml line 9, in manifest.service-second" in ended.out + ended.err
    assert "infra.py line" not in (ended.out + ended.err).partition("Error:")[2]
