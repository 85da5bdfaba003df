"""What is known about the attributes of a workload and an artifact, as data for the differ.

`expand` puts these trees into its objects, `echo` walks them when a whole object must be written. Defaults are those
of the published contract; what the platform fills in by its own policy (replicas, bundles) has none.
"""

from __future__ import annotations

from typing import Final

from wlinfra.provider import Attribute, Effect, fields, memory_bytes

__all__ = ["API_KEY", "ARTIFACT", "BUILD_CONFIG", "NO_ROLE", "RUNTIME", "SPEC", "WORKLOAD"]

API_KEY: Final = "api-key"
"""The source of a variable that carries a key of the calling user; older versions of the API call it otherwise."""

NO_ROLE: Final = "NO_ROLE"
"""The role that revokes one."""

_OLD_API_KEY: Final = "dr-api-token"

_SCALAR = Attribute()
_COMPUTED = Attribute(computed=True)


def _or_empty(value: object) -> object:
    return "" if value is None else value


def _one_source(value: object) -> object:
    return API_KEY if value == _OLD_API_KEY else value


_TEXT = Attribute(default="", normalize=_or_empty)

_PROBE = Attribute(
    fields=fields(
        path=_SCALAR,
        port=Attribute(default=8080),
        scheme=Attribute(default="HTTP"),
        host=_SCALAR,
        httpHeaders=Attribute(default={}, values=Attribute(private=True)),
        initialDelaySeconds=Attribute(default=30),
        periodSeconds=Attribute(default=30),
        timeoutSeconds=Attribute(default=30),
        failureThreshold=Attribute(default=3),
        successThreshold=Attribute(default=1),
    )
)

_SECURITY = Attribute(
    fields=fields(
        allowPrivilegeEscalation=_SCALAR,
        readOnlyRootFilesystem=_SCALAR,
        capabilities=Attribute(
            fields=fields(
                add=Attribute(items=_SCALAR, unordered=True, default=[]),
                drop=Attribute(items=_SCALAR, unordered=True, default=[]),
            )
        ),
        seccompProfile=Attribute(fields=fields(type=_SCALAR, localhostProfile=_SCALAR)),
    )
)

_ENVIRONMENT = Attribute(
    keyed_by="name",
    default=[],
    items=Attribute(
        fields=fields(
            name=_SCALAR,
            source=Attribute(default="string", normalize=_one_source),
            value=Attribute(private=True),
            drCredentialId=_SCALAR,
            key=_SCALAR,
        )
    ),
)

BUILD_CONFIG = Attribute(
    fields=fields(
        codeRef=Attribute(
            fields=fields(
                provider=Attribute(default="datarobot"),
                type=Attribute(default="datarobot"),
                datarobot=Attribute(fields=fields(catalogId=_SCALAR, catalogVersionId=_SCALAR)),
            )
        ),
        dockerfile=Attribute(
            fields=fields(
                source=Attribute(default="provided"),
                path=Attribute(default="./Dockerfile"),
                executionEnvironmentId=_SCALAR,
                executionEnvironmentVersionId=_SCALAR,
                entrypoint=Attribute(items=_SCALAR),
            )
        ),
    )
)

_CONTAINER = Attribute(
    fields=fields(
        name=_SCALAR,
        description=_TEXT,
        imageUri=_SCALAR,
        imageBuildConfig=BUILD_CONFIG,
        build=_COMPUTED,
        primary=Attribute(default=False),
        port=_SCALAR,
        entrypoint=Attribute(items=_SCALAR),
        environmentVars=_ENVIRONMENT,
        readinessProbe=_PROBE,
        livenessProbe=_PROBE,
        startupProbe=_PROBE,
        securityContext=_SECURITY,
    )
)

_CONTAINER_GROUP = Attribute(
    fields=fields(
        name=Attribute(default="default"),
        containers=Attribute(keyed_by="name", items=_CONTAINER, default=[]),
    )
)

SPEC = Attribute(
    fields=fields(
        type=_COMPUTED,
        containerGroups=Attribute(keyed_by="name", items=_CONTAINER_GROUP),
        storage=Attribute(
            fields=fields(mode=Attribute(default="dedicatedPvc"), pvcSize=Attribute(normalize=memory_bytes))
        ),
        templateId=_SCALAR,
        a2aEnabled=Attribute(default=False),
    )
)

ARTIFACT = Attribute(
    fields=fields(
        name=_SCALAR,
        description=_TEXT,
        # A repository takes the type of its first artifact, so another type is another repository.
        type=Attribute(effect=Effect.REPLACES, default="service"),
        artifactRepositoryId=Attribute(effect=Effect.REPLACES),
        status=Attribute(default="draft"),
        spec=SPEC,
    )
)
"""An artifact; what a change of its spec costs depends on its status, so `plan_artifact` decides that."""

_GROUP_RUNTIME = Attribute(
    fields=fields(
        name=Attribute(default="default"),
        replicaCount=_SCALAR,
        autoscaling=Attribute(
            fields=fields(
                enabled=Attribute(default=True),
                minReplicaCount=_SCALAR,
                maxReplicaCount=_SCALAR,
                policies=Attribute(
                    keyed_by="scalingMetric",
                    items=Attribute(
                        fields=fields(
                            scalingMetric=_SCALAR,
                            target=_SCALAR,
                            minCount=_SCALAR,
                            maxCount=_SCALAR,
                            priority=_SCALAR,
                        )
                    ),
                ),
            )
        ),
        # The order is one of preference, so it has a meaning.
        resourceBundles=Attribute(items=_SCALAR),
        bundleSelectionPolicy=Attribute(default="availability"),
        resolvedBundle=_COMPUTED,
        containers=Attribute(
            keyed_by="name",
            items=Attribute(
                fields=fields(
                    name=_SCALAR,
                    resourceAllocation=Attribute(
                        fields=fields(
                            cpu=_SCALAR,
                            memory=Attribute(normalize=memory_bytes),
                            gpu=_SCALAR,
                            gpuMemory=Attribute(normalize=memory_bytes),
                        )
                    ),
                )
            ),
        ),
    )
)


RUNTIME = Attribute(
    effect=Effect.ROLLS, fields=fields(containerGroups=Attribute(keyed_by="name", items=_GROUP_RUNTIME))
)

WORKLOAD = Attribute(
    fields=fields(
        name=_SCALAR,
        description=_TEXT,
        importance=Attribute(default="low"),
        artifactId=Attribute(effect=Effect.ROLLS),
        runtime=RUNTIME,
        # The platform takes the timing with each replacement and never returns it.
        replacement=Attribute(
            effect=Effect.STORED,
            write_only=True,
            fields=fields(
                strategy=Attribute(default="rolling"),
                warmupDurationMinutes=Attribute(default=0),
                keepOldVersionMinutes=Attribute(default=0),
            ),
        ),
        power=Attribute(default="running"),
        sharedRoles=Attribute(values=Attribute(default=NO_ROLE)),
    )
)
"""A workload; ``power`` and ``sharedRoles`` have calls of their own, ``replacement`` is how a roll is timed."""
