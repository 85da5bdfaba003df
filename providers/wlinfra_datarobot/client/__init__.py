"""A typed client of the DataRobot Workload API, one group of methods per noun.

The provider and the provider's commands call it. Methods raise `ApiError` and return the server's own documents;
list methods return `Pages`, which fetch as they are iterated. Paths are sent without a trailing slash, as published.
"""

from __future__ import annotations

from wlinfra.http.transport import HttpTransport
from wlinfra_datarobot.client.account import Account
from wlinfra_datarobot.client.artifacts import ArtifactFilter, Artifacts, Builds, Repositories
from wlinfra_datarobot.client.calls import Calls, Pages
from wlinfra_datarobot.client.files import Files
from wlinfra_datarobot.client.observe import Activity, Resolution, Stats, StatsFilter, StatsWindow
from wlinfra_datarobot.client.rollout import PowerSwitch, Protons, Replacements, WorkloadSettings
from wlinfra_datarobot.client.sharing import Roles
from wlinfra_datarobot.client.workloads import WorkloadFilter, Workloads

__all__ = ["ArtifactFilter", "DataRobotClient", "Pages", "Resolution", "StatsFilter", "StatsWindow", "WorkloadFilter"]


class DataRobotClient:
    """Every operation of the platform that wlinfra uses; safe to share between threads."""

    def __init__(self, transport: HttpTransport, *, comma_lists: bool = False) -> None:
        calls = Calls(transport, comma_lists=comma_lists)
        self.transport = transport
        self.workloads = Workloads(calls)
        self.replacement = Replacements(calls)
        self.settings = WorkloadSettings(calls)
        self.power = PowerSwitch(calls)
        self.protons = Protons(calls)
        self.stats = Stats(calls)
        self.activity = Activity(calls)
        self.sharing = Roles(calls, "/workloads")
        self.artifacts = Artifacts(calls)
        self.repositories = Repositories(calls)
        self.builds = Builds(calls)
        self.files = Files(calls)
        self.account = Account(calls)

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()
