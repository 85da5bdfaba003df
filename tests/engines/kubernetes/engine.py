"""What the control plane is made of; the cluster asks for its programs here."""

from __future__ import annotations

from pathlib import Path

from engines.build import Inputs, Program

__all__ = ["CONTROL_PLANE"]

RELEASE = "v1.35.4"
_VERSION = "k8s.io/component-base/version"

CONTROL_PLANE = Inputs(
    name="kubernetes",
    folder=Path(__file__).parent,
    # Without a version the API server calls itself v0.0.0-master, which its version gates refuse.
    linker_flags=f"-X {_VERSION}.gitVersion={RELEASE} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=35",
    programs=(
        Program(name="etcd", built_as="server", variable="WLINFRA_TEST_ETCD", oldest=(3, 4)),
        Program(
            name="kube-apiserver",
            built_as="kube-apiserver",
            variable="WLINFRA_TEST_KUBE_APISERVER",
            oldest=(1, 34),
        ),
        Program(
            name="kube-controller-manager",
            built_as="kube-controller-manager",
            variable="WLINFRA_TEST_KUBE_CONTROLLER_MANAGER",
            oldest=(1, 34),
        ),
        Program(
            name="kube-scheduler",
            built_as="kube-scheduler",
            variable="WLINFRA_TEST_KUBE_SCHEDULER",
            oldest=(1, 34),
        ),
        Program(
            name="kubectl",
            built_as="kubectl",
            variable="WLINFRA_TEST_KUBECTL",
            oldest=(1, 34),
            version=("version", "--client"),
        ),
    ),
)
