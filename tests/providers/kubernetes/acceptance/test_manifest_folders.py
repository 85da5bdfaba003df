"""Folders of YAML through the command line: a kind with its objects, and references into the files and out of them."""

from __future__ import annotations

from support.cluster_stage import ClusterStage

DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.GROUP.example.com}
spec:
  group: GROUP.example.com
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets, singular: gadget}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {colour: {type: string}}}}
"""
GADGET = """\
apiVersion: GROUP.example.com/v1
kind: Gadget
metadata: {name: one}
spec: {colour: COLOUR}
"""
PROGRAM = """
import wlinfra as wl
from wlinfra_kubernetes import Manifest, manifests_from

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    first = Manifest("first", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "first"}})
    files = {item.name: item for item in manifests_from("k8s")}
    yield first
    yield from files.values()
    last = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "last"}}
    yield Manifest("last", {**last, "data": {"uid": f"after {files['configmap-middle'].id}"}})
    yield wl.Output("middle", files["configmap-middle"].ref("name"))

"""


def written(stage: ClusterStage, **files: str) -> None:
    folder = stage.folder / "k8s"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_definition_and_its_objects_come_from_one_folder_whatever_the_order_of_files(stage: ClusterStage) -> None:
    group = stage.namespace[-6:]
    written(stage, a=GADGET.replace("GROUP", group).replace("COLOUR", "red"), b=DEFINITION.replace("GROUP", group))
    stage.program(PROGRAM[: PROGRAM.index("    first =")] + "    yield from manifests_from('k8s')\n\n")
    assert stage.project.changes("-e", "cluster")["manifest.gadget-one"]["unverified"]
    stage.apply()
    assert stage.get(f"gadgets.{group}.example.com", "one")["spec"] == {"colour": "red"}
    assert stage.actions() == {}
    written(stage, a=GADGET.replace("GROUP", group).replace("COLOUR", "blue"))
    assert stage.actions() == {"manifest.gadget-one": "update"}
    plan = stage.run("plan", "--destroy").out
    assert "every object of that kind goes with it, in all namespaces" in plan
    # Not destroyed here: the cluster looks only every half a minute for new kinds whose objects to clean up after.
    stage.kubectl("delete", "crd", f"gadgets.{group}.example.com", "--wait=false")


def test_references_lead_into_files_and_out_of_them(stage: ClusterStage) -> None:
    middle = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: middle}\n"
    written(
        stage, all=middle + "data: {uid: '${wlinfra:manifest.first#id}', text: 'of ${wlinfra:manifest.first#name}'}\n"
    )
    stage.program(PROGRAM)
    stage.apply()
    first, found, last = (stage.get("cm", name) for name in ("first", "middle", "last"))
    assert found["data"] == {"uid": first["metadata"]["uid"], "text": "of first"}
    assert last["data"] == {"uid": f"after {found['metadata']['uid']}"}
    assert stage.run("output", "middle").out.strip() == "middle"
    assert stage.actions() == {}


def test_a_mistake_in_a_file_stops_the_plan_with_file_and_line(stage: ClusterStage) -> None:
    written(stage, good=GADGET.replace("GROUP", "x"), bad="apiVersion: v1\nkind: ConfigMap\n  metadata: {}\n")
    stage.program(PROGRAM)
    refused = stage.run("plan", code=1)
    assert "bad.yaml:3" in refused.out + refused.err
    assert "not YAML" in refused.out + refused.err


def test_an_object_in_two_places_of_the_program_is_refused(stage: ClusterStage) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "same"}}
    stage.program(
        "import wlinfra as wl\nfrom wlinfra_kubernetes import Manifest\n\nstack = wl.Stack('shop')\n\n\n"
        "@stack.resources\ndef resources(env):\n"
        f"    yield Manifest('one', {body!r})\n    yield Manifest('two', {body!r})\n\n"
    )
    refused = stage.run("plan", code=1)
    text = refused.out + refused.err
    assert "manifest.one" in text
    assert "manifest.two" in text
