"""The process of everything fake beside a real control plane: nodes, volumes, metrics, Prometheus, the operators of NIM and HTTP add-on.

The cluster starts it as `python -m engines.kubernetes.fakes FILE`, where FILE holds the settings as JSON, and takes
the appearance of the file it names as the word that all is ready.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from engines.kubernetes.client import ApiClient
from engines.kubernetes.fake_devices import make_devices
from engines.kubernetes.fake_http_operator import FakeHttpOperator
from engines.kubernetes.fake_kubelet import FakeKubelet
from engines.kubernetes.fake_metrics import make_metrics_server, register_metrics
from engines.kubernetes.fake_nim_operator import FakeNimOperator
from engines.kubernetes.fake_prometheus import make_prometheus
from engines.kubernetes.fake_storage import FakeStorage
from engines.kubernetes.readings import Readings

__all__ = ["FakesSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FakesSettings:
    """Where the API server is, what to present to callers, and which ports to serve on."""

    server: str
    token: str
    authority: str
    certificate: str
    key: str
    metrics_port: int
    prometheus_port: int
    ready_file: str
    cleans_up_entries: bool

    def write(self, file: Path) -> None:
        """Write the settings for the process to read."""
        file.write_text(json.dumps(asdict(self)))


def main(settings: FakesSettings) -> None:
    """Make the nodes and storage classes, start every fake, and run until killed."""
    client = ApiClient(server=settings.server, ca_file=Path(settings.authority), token=settings.token)
    stop, readings = threading.Event(), Readings()
    kubelet, storage = FakeKubelet(client, stop), FakeStorage(client, stop)
    certificate = (Path(settings.certificate), Path(settings.key))
    servers = [
        make_metrics_server(settings.metrics_port, certificate, client, readings),
        make_prometheus(settings.prometheus_port, readings),
    ]
    kubelet.make_nodes()
    make_devices(client)
    storage.make_classes()
    register_metrics(client, settings.metrics_port)
    serving = [threading.Thread(target=server.serve_forever, daemon=True) for server in servers]
    nim = FakeNimOperator(client, stop, cleans_up_entries=settings.cleans_up_entries)
    operators = [*nim.threads(), *FakeHttpOperator(client, stop).threads()]
    threads = [*serving, *kubelet.threads(), *storage.threads(), *operators]
    for thread in threads:
        thread.start()
    Path(settings.ready_file).touch()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(FakesSettings(**json.loads(Path(sys.argv[1]).read_text())))
