"""What users of other tools for clusters suffered from, once each."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage, container

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

WORKLOAD = """
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="acme/chat:1.0.TAG", port=8080)])
    policy = wl.custom_metric("queue_length", target=5, min=1, max=4)
    yield wl.Workload("chat", artifact=server, cpu=0.1, memory="64MB", autoscaling=[policy])

"""
RENAMED = """
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    yield Manifest(MANIFEST, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "1"}})
    server = wl.Artifact("server", containers=[wl.Container(image="acme/chat:1.0.0", port=8080)])
    SCOPE
        yield wl.Workload("chat", platform_name="chat", artifact=server, replicas=1, cpu=0.1, memory="64MB"WORKLOAD)

"""


def deployment(pod: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Return a Deployment named web with pods of these containers and volumes."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", **metadata}, "spec": spec}


def plain(kind: str, name: str, **rest: Any) -> dict[str, Any]:
    """Return an object of the first API group."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **rest}


def service(name: str, *ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return plain("Service", name, spec={"selector": {"app": name}, "ports": list(ports), **spec})


def applied(stage: ClusterStage, *documents: dict[str, Any]) -> str:
    """Apply these objects and return what was printed; fail unless nothing is planned afterwards."""
    stage.manifests(*documents)
    printed = stage.apply().out
    assert stage.actions() == {}
    return printed


def test_one_alternative_of_a_union_gives_way_to_the_other_and_back(stage: ClusterStage) -> None:
    mounts: dict[str, Any] = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    first = container(
        env=[{"name": "TOKEN", "value": "in-clear"}, {"name": "MODE", "value": "fast"}],
        readinessProbe={"httpGet": {"path": "/ready", "port": 8080}},
        **mounts,
    )
    of_secret = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}
    second = container(
        env=[of_secret, {"name": "MODE", "value": "fast"}], readinessProbe={"tcpSocket": {"port": 8080}}, **mounts
    )
    shared = [plain("ConfigMap", "files", data={"a": "b"}), plain("Secret", "keys", stringData={"token": "s3cret-one"})]
    before = deployment({"containers": [first], "volumes": [{"name": "data", "emptyDir": {}}]})
    after = deployment({"containers": [second], "volumes": [{"name": "data", "configMap": {"name": "files"}}]})
    applied(stage, *shared, before)
    assert "s3cret-one" not in applied(stage, *shared, after)
    pod = stage.get("deployment", "web")["spec"]["template"]["spec"]
    assert [sorted(item) for item in pod["containers"][0]["env"]] == [["name", "valueFrom"], ["name", "value"]]
    assert "httpGet" not in pod["containers"][0]["readinessProbe"]
    assert "emptyDir" not in pod["volumes"][0]
    applied(stage, *shared, before)


def test_ports_change_number_protocol_and_node_port_without_loss(stage: ClusterStage) -> None:
    tcp, udp = {"name": "tcp", "port": 53, "protocol": "TCP"}, {"name": "udp", "port": 53, "protocol": "UDP"}
    web = {"name": "http", "port": 1935, "targetPort": 8080}
    applied(stage, service("gate", web), service("dns", tcp))
    uids = {name: stage.get("service", name)["metadata"]["uid"] for name in ("gate", "dns")}
    applied(stage, service("gate", {**web, "port": 1936}), service("dns", tcp, udp))
    applied(stage, service("gate", {**web, "port": 1936}, type="NodePort"), service("dns", tcp, udp))
    applied(stage, service("gate", {**web, "port": 1936}, type="ClusterIP"), service("dns", tcp, udp))
    gate, dns = stage.get("service", "gate"), stage.get("service", "dns")
    assert [(one["port"], one.get("nodePort")) for one in gate["spec"]["ports"]] == [(1936, None)]
    assert [(one["port"], one["protocol"]) for one in dns["spec"]["ports"]] == [(53, "TCP"), (53, "UDP")]
    assert {"gate": gate["metadata"]["uid"], "dns": dns["metadata"]["uid"]} == uids


def test_the_order_of_variables_is_the_declared_one(stage: ClusterStage) -> None:
    url, host = {"name": "URL", "value": "http://$(HOST)/"}, {"name": "HOST", "value": "model"}
    for order in ([url, host], [host, url]):
        applied(stage, deployment({"containers": [container(env=order)]}))
        (live,) = stage.get("deployment", "web")["spec"]["template"]["spec"]["containers"]
        assert [item["name"] for item in live["env"]] == [item["name"] for item in order]


def test_a_restart_by_kubectl_is_no_change_and_the_next_apply_restarts_nothing(stage: ClusterStage) -> None:
    applied(stage, deployment({"containers": [container()]}))
    stage.kubectl("rollout", "restart", "deployment/web")
    stage.kubectl("rollout", "status", "deployment/web")
    assert stage.actions() == {}
    before = stage.names("replicaset")
    applied(stage, deployment({"containers": [container()]}, labels={"tier": "gold"}))
    assert stage.names("replicaset") == before


def test_int_or_string_either_or_and_the_type_of_a_secret_change_cleanly(stage: ClusterStage) -> None:
    def budget(**spec: Any) -> dict[str, Any]:
        chosen = {"selector": {"matchLabels": {"app": "web"}}, **spec}
        return {**plain("PodDisruptionBudget", "budget", spec=chosen), "apiVersion": "policy/v1"}

    def pull(kind: str) -> dict[str, Any]:
        return plain("Secret", "pull", type=kind, stringData={".dockerconfigjson": '{"auths":{}}'})

    applied(stage, budget(minAvailable="50%"), service("web", {"port": 80, "targetPort": "http"}), pull("Opaque"))
    applied(
        stage,
        budget(maxUnavailable=1),
        service("web", {"port": 80, "targetPort": 8080}),
        pull("kubernetes.io/dockerconfigjson"),
    )
    spec = stage.get("poddisruptionbudget", "budget")["spec"]
    assert (spec.get("minAvailable"), spec["maxUnavailable"]) == (None, 1)
    assert stage.get("service", "web")["spec"]["ports"][0]["targetPort"] == 8080
    assert stage.get("secret", "pull")["type"] == "kubernetes.io/dockerconfigjson"


def test_a_wait_for_what_never_comes_says_what_it_waits_for(stage: ClusterStage) -> None:
    backend = {"service": {"name": "gate", "port": {"number": 80}}}
    rule = {"host": "gate.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    ingress = plain("Ingress", "entry", spec={"ingressClassName": "nobody", "rules": [rule]})
    nobody = [service("gate", {"port": 80}), {**ingress, "apiVersion": "networking.k8s.io/v1"}]
    lines = [
        f"    yield Manifest({item['metadata']['name']!r}, {item!r}, timeouts={{'create': 6}})"
        for item in (*nobody, service("public", {"port": 80}, type="LoadBalancer"))
    ]
    stage.program("import wlinfra as wl\nfrom wlinfra_kubernetes import Manifest\n\nstack = wl.Stack('shop')\n\n\n"
                  "@stack.resources\ndef resources(env):\n" + "\n".join(lines) + "\n")  # fmt: skip
    done = stage.apply(code=1)
    assert "waiting: the load balancer has no address yet" in done.out
    assert 'The platform reported last: "the load balancer has no address yet"' in done.out
    assert stage.names("ingress") == {"entry"}  # which nobody has to serve for it to be there
    assert [line.split(":")[0] for line in done.out.splitlines() if ": Failed after" in line] == ["manifest.public"]


def test_a_secret_that_kubectl_made_leaks_nothing_when_it_is_taken_over(stage: ClusterStage) -> None:
    old = plain("Secret", "keys", stringData={"token": "canary-old-91c4", "more": "canary-more-33aa"})
    file = stage.folder / "secret.json"
    file.write_text(repr(old).replace("'", '"'))
    stage.kubectl("apply", "-f", str(file))
    file.unlink()
    stage.project.environ["CHAT_TOKEN"] = "canary-new-02be"
    stage.program("import wlinfra as wl\nfrom wlinfra_kubernetes import Manifest\n\nstack = wl.Stack('shop')\n\n\n"
                  "@stack.resources\ndef resources(env):\n"
                  "    yield Manifest('keys', {'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'keys'}, "
                  "'stringData': {'token': wl.secret_env('CHAT_TOKEN')}})\n")  # fmt: skip
    printed = [
        stage.run("plan", *more).out
        for more in ((), *(("--format", name) for name in ("json", "markdown", "html", "terraform-json")))
    ]
    printed += [stage.run("import", "manifest.keys", f"{stage.namespace}/keys").out, stage.apply("--debug").out]
    stage.kubectl("patch", "secret", "keys", "-p", '{"stringData": {"token": "canary-hot-5d5d"}}')
    printed += [done.out + done.err for done in (stage.run("plan", code=None), stage.run("drift", code=None))]
    printed += [stage.run(*words).out for words in (("state", "pull"), ("show", "manifest.keys"), ("history",))]
    everything = "\n".join([*printed, stage.project.everything_written()])
    secrets = ["canary-old-91c4", "canary-more-33aa", "canary-new-02be", "canary-hot-5d5d"]
    forms = [*secrets, *(base64.b64encode(secret.encode()).decode() for secret in secrets)]
    assert [form for form in forms if form in everything] == []


def test_a_paused_autoscaler_stays_paused_and_at_zero_through_an_apply(
    keda: ClusterHandle, fakes: ClusterHandle, stage: ClusterStage
) -> None:
    target = {"autoscaler": "keda", "prometheus": fakes.prometheus}
    fakes.set_prometheus("5", "queue_length", stage.namespace)
    stage.program(WORKLOAD.replace("TAG", "1"), target=target)
    stage.apply()
    paused = "autoscaling.keda.sh/paused-replicas"
    stage.kubectl("annotate", "scaledobject", "chat", f"{paused}=0")
    assert eventually(lambda: stage.get("deployment", "chat")["spec"]["replicas"] == 0)
    assert stage.actions() == {}
    stage.program(WORKLOAD.replace("TAG", "2"), target=target)
    stage.apply()
    assert stage.get("scaledobject", "chat")["metadata"]["annotations"][paused] == "0"
    assert stage.get("deployment", "chat")["spec"]["replicas"] == 0
    assert stage.actions() == {}


@pytest.mark.parametrize("aliased", [False, True])
def test_a_renamed_resource_keeps_its_objects_or_is_refused_with_the_alias(
    stage: ClusterStage, *, aliased: bool
) -> None:
    first = RENAMED.replace("MANIFEST", "'web'").replace("SCOPE", "if True:").replace("WORKLOAD)", ")")
    stage.program(first)
    stage.apply()
    kinds = "configmaps,deployments,services"
    chosen = ("-l", "applyset.kubernetes.io/part-of", "-o", "jsonpath={.items[*].metadata.uid}")
    before = stage.kubectl("get", kinds, *chosen)
    manifest, workload = (
        ("'front', aliases=['manifest.web']", ", aliases=['workload.chat'])") if aliased else ("'front'", ")")
    )
    name, _, more = manifest.partition(",")
    text = RENAMED.replace("MANIFEST", name).replace(
        '"data": {"a": "1"}})', f'"data": {{"a": "1"}}}}{"," if more else ""}{more})'
    )
    stage.program(text.replace("SCOPE", "with wl.scope('models'):").replace("WORKLOAD)", workload))
    if not aliased:
        done = stage.run("plan", code=1)
        assert 'aliases=["manifest.web"]' in done.out + done.err
    else:
        assert not {"delete", "replace", "create"} & set(stage.actions().values())
        stage.apply()
        assert stage.actions() == {}
    assert stage.kubectl("get", kinds, *chosen) == before
