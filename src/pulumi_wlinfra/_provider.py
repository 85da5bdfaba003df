"""The provider: a platform and how to reach it.

Generated from the package schema by `python scripts/pulumi_sdk.py`; do not edit it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from pulumi_wlinfra._base import Configured

if TYPE_CHECKING:
    from wlinfra.values import Secret

__all__ = ["Provider"]


class Provider(Configured):
    """A platform, and how to reach it; a program with one platform can use `pulumi config` instead."""

    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        platform: pulumi.Input[str] | None = None,
        journal: pulumi.Input[str] | None = None,
        connect_timeout: pulumi.Input[float] | None = None,
        read_timeout: pulumi.Input[float] | None = None,
        retries: pulumi.Input[int] | None = None,
        endpoint: pulumi.Input[str] | None = None,
        token: pulumi.Input[str | Secret] | None = None,
        token_file: pulumi.Input[str] | None = None,
        api: pulumi.Input[str] | None = None,
        verify: pulumi.Input[bool] | None = None,
        ca_file: pulumi.Input[str] | None = None,
        proxy: pulumi.Input[str | Secret] | None = None,
        pool_size: pulumi.Input[int] | None = None,
        comma_lists: pulumi.Input[bool] | None = None,
        bundles: pulumi.Input[Mapping[str, Any]] | None = None,
        kubeconfig: pulumi.Input[str] | None = None,
        context: pulumi.Input[str] | None = None,
        namespace: pulumi.Input[str] | None = None,
        conflicts: pulumi.Input[Mapping[str, Any]] | None = None,
        read_only: pulumi.Input[bool] | None = None,
        delete_volumes: pulumi.Input[bool] | None = None,
        parallelism: pulumi.Input[int] | None = None,
        image_grace: pulumi.Input[float] | None = None,
        schedule_timeout: pulumi.Input[float] | None = None,
        adds_nodes: pulumi.Input[bool] | None = None,
        crash_restarts: pulumi.Input[int] | None = None,
        target: pulumi.Input[Mapping[str, Any]] | None = None,
    ) -> None:
        """Configure a provider; options that name no platform are for every one.

        :param platform: The platform, such as `kubernetes`; `datarobot` when left out.
        :param journal: The folder of the journal, which has what was begun and is not in Pulumi's state yet;
            below `$PULUMI_HOME/wlinfra` when left out.
        :param connect_timeout: Seconds until a connection must stand.
        :param read_timeout: Seconds until an answer must come.
        :param retries: How often a request is repeated after a failure.
        :param endpoint: datarobot: The URL of the API, or `emulator`; DATAROBOT_ENDPOINT, else the file of
            the platform, when left out.
        :param token: datarobot: The API token; DATAROBOT_API_TOKEN, else the file of the platform, when left
            out.
        :param token_file: datarobot: A file with the token, which is read again for each request.
        :param api: datarobot: The version of the API, `2026-06` or `2026-10`; detected when left out.
        :param verify: datarobot: Whether the certificate is checked.
        :param ca_file: datarobot: A file with the certificate authorities to trust.
        :param proxy: datarobot: The URL of a proxy; HTTPS_PROXY when left out.
        :param pool_size: datarobot: How many connections are kept open.
        :param comma_lists: datarobot: Send lists in queries as one value with commas.
        :param bundles: datarobot: How large bundles are, by name: `cpu`, `memory`, `gpu` and `gpuType`.
            kubernetes: The catalogue of resource bundles.
        :param kubeconfig: kubernetes: When left out: the variable KUBECONFIG, else `~/.kube/config`, else the
            service account of the pod this runs in.
        :param context: kubernetes: The context of the kubeconfig; its current one when left out.
        :param namespace: kubernetes: Where objects live that name no namespace.
        :param conflicts: kubernetes: What to do about fields of other managers: path, or pattern, to `error`,
            `force` or `yield`.
        :param read_only: kubernetes: The account may only read: plans are predicted, nothing can be applied.
        :param delete_volumes: kubernetes: Delete volume claims with what used them; otherwise they are kept
            and named.
        :param parallelism: kubernetes: How many requests a plan has under way at once.
        :param image_grace: kubernetes: How long a container may be unable to begin, say for its image or a
            Secret, before waiting is given up.
        :param schedule_timeout: kubernetes: How long a pod may find no node, or not be made for a quota; a
            cluster that adds nodes needs more.
        :param adds_nodes: kubernetes: The cluster adds nodes by itself, so that a bundle may be asked for
            that no node of now could hold.
        :param crash_restarts: kubernetes: How many restarts of a crashing container end the wait.
        :param target: kubernetes: What the cluster offers to workloads, such as KEDA; see docs/kubernetes.md.
        """
        super().__init__(
            resource_name,
            {
                "platform": platform,
                "journal": journal,
                "connectTimeout": connect_timeout,
                "readTimeout": read_timeout,
                "retries": retries,
                "endpoint": endpoint,
                "token": token,
                "tokenFile": token_file,
                "api": api,
                "verify": verify,
                "caFile": ca_file,
                "proxy": proxy,
                "poolSize": pool_size,
                "commaLists": comma_lists,
                "bundles": bundles,
                "kubeconfig": kubeconfig,
                "context": context,
                "namespace": namespace,
                "conflicts": conflicts,
                "readOnly": read_only,
                "deleteVolumes": delete_volumes,
                "parallelism": parallelism,
                "imageGrace": image_grace,
                "scheduleTimeout": schedule_timeout,
                "addsNodes": adds_nodes,
                "crashRestarts": crash_restarts,
                "target": target,
            },
            opts,
        )
