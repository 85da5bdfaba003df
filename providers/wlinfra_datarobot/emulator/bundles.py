"""The resource bundles of the emulated cluster, and the small endpoints about the account and its credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wlinfra.emulation import Response, json_response

from .errors import not_found
from .world import USER, Call, RouteTable, page, stamp

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One size of machine that a group can ask for."""

    id: str
    name: str
    cpu: float
    memory: int
    gpus: int = 0
    gpu_type: str | None = None
    gpu_memory: int = 0

    def resolved(self) -> dict[str, Any]:
        """Return the bundle as a workload's `resolvedBundle`."""
        return {
            "id": self.id,
            "cpuCount": self.cpu,
            "memoryBytes": self.memory,
            "gpuCount": self.gpus,
            "gpuMaker": "nvidia" if self.gpus else None,
            "gpuTypeLabel": self.gpu_type,
        }

    def document(self) -> dict[str, Any]:
        """Return the bundle as the bundles endpoint lists it."""
        return {
            **self.resolved(),
            "name": self.name,
            "description": f"{self.cpu:g} CPU, {self.memory // 2**20} MiB"
            + (f", {self.gpus} x {self.gpu_type}" if self.gpus else ""),
            "hasGpu": self.gpus > 0,
            "gpuMemoryBytes": self.gpu_memory * self.gpus,
            "useCases": ["workload"],
        }


def _gpu(key: str, label: str, gpus: int, cpu: float, gpu_memory: int) -> Bundle:
    return Bundle(
        id=key, name=f"{label} x{gpus}", cpu=cpu, memory=int(cpu * 8) * GIB,
        gpus=gpus, gpu_type=label, gpu_memory=gpu_memory * GIB,
    )  # fmt: skip


BUNDLES: Mapping[str, Bundle] = {
    bundle.id: bundle
    for bundle in (
        Bundle(id="cpu.nano", name="Nano", cpu=0.25, memory=GIB // 8),
        Bundle(id="cpu.micro", name="Micro", cpu=0.5, memory=GIB // 4),
        Bundle(id="cpu.small", name="S", cpu=1, memory=GIB // 2),
        Bundle(id="cpu.medium", name="M", cpu=2, memory=GIB),
        Bundle(id="cpu.large", name="L", cpu=4, memory=4 * GIB),
        Bundle(id="cpu.xlarge", name="XL", cpu=8, memory=16 * GIB),
        _gpu("gpu.small", "NVIDIA T4", 1, 4, 16),
        _gpu("gpu.medium", "NVIDIA A10G", 1, 8, 24),
        _gpu("gpu.l40s", "NVIDIA L40S", 1, 8, 48),
        _gpu("gpu.l40s.4x", "NVIDIA L40S", 4, 32, 48),
        _gpu("gpu.a100", "NVIDIA A100", 1, 12, 80),
        _gpu("gpu.a100.8x", "NVIDIA A100", 8, 96, 80),
        _gpu("gpu.h100", "NVIDIA H100", 1, 24, 80),
        _gpu("gpu.h100.8x", "NVIDIA H100", 8, 192, 80),
    )
}


def list_bundles(call: Call) -> Response:
    """Answer with the catalogue."""
    return page(call, [bundle.document() for bundle in BUNDLES.values()], dict)


def get_bundle(call: Call) -> Response:
    """Answer with one bundle."""
    key = call.request.params["bundle_id"]
    if key not in BUNDLES:
        raise not_found("Resource bundle", key)
    return json_response(BUNDLES[key].document())


def list_credentials(call: Call) -> Response:
    """Answer with the stored credentials, never their values."""
    return page(
        call, list(call.tx.all("credentials").values()), lambda row: {**row, "creationDate": stamp(row["creationDate"])}
    )


def account_info(call: Call) -> Response:
    """Answer with the caller and the limits that hold for them."""
    quirks = call.settings.quirks
    return json_response(
        {
            "uid": USER["id"],
            "email": USER["email"],
            "username": USER["username"],
            "firstName": "You",
            "lastName": "",
            "limits": {
                "maxConcurrentWorkloads": quirks.max_concurrent_workloads,
                "maxWorkloadReplicas": quirks.max_workload_replicas,
            },
        }
    )


ROUTES: RouteTable = (
    ("GET", "/mlops/compute/bundles", list_bundles),
    ("GET", "/mlops/compute/bundles/{bundle_id}", get_bundle),
    ("GET", "/credentials", list_credentials),
    ("GET", "/account/info", account_info),
)
