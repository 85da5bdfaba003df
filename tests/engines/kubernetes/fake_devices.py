"""GPUs for dynamic resource allocation: a device class, and what a driver would publish of one node's devices."""

from __future__ import annotations

from engines.kubernetes.client import ApiClient

__all__ = ["make_devices"]

DRIVER = "gpu.nvidia.com"
NODE = "dra-0"
RESOURCES = "/apis/resource.k8s.io/v1"


def make_devices(client: ApiClient) -> None:
    """Create the class `gpu.nvidia.com` and a slice of four H100 on node `dra-0`."""
    chosen = [{"cel": {"expression": f"device.driver == '{DRIVER}'"}}]
    device_class = {"metadata": {"name": DRIVER}, "spec": {"selectors": chosen}}
    client.create(f"{RESOURCES}/deviceclasses", device_class)
    device = {
        "attributes": {
            "productName": {"string": "NVIDIA H100 80GB HBM3"},
            "architecture": {"string": "Hopper"},
            "type": {"string": "gpu"},
        },
        "capacity": {"memory": {"value": "80Gi"}},
    }
    spec = {
        "driver": DRIVER,
        "nodeName": NODE,
        "pool": {"name": NODE, "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": f"gpu-{index}", **device} for index in range(4)],
    }
    client.create(f"{RESOURCES}/resourceslices", {"metadata": {"name": f"{NODE}-gpus"}, "spec": spec})
