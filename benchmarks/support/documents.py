"""Artifacts of 4 KB: as declarations, and in the platform's own shape.

Environment variables make up most of the size, as they do in practice: 4 KB hold about 200 leaves in 60 objects.
"""

from __future__ import annotations

from typing import Any

__all__ = ["VARIABLES", "artifact_spec", "variables"]

VARIABLES = 56


def variables(number: int) -> dict[str, str]:
    """Return the environment variables of artifact ``number``."""
    return {f"SETTING_{index:02}": f"{number:05} {index:02}" for index in range(VARIABLES)}


def artifact_spec(number: int) -> dict[str, Any]:
    """Return the spec of artifact ``number`` as the platform returns it, its defaults filled in."""
    return {
        "type": "service",
        "containerGroups": [
            {
                "name": "default",
                "containers": [
                    {
                        "name": "main",
                        "description": "",
                        "imageUri": f"registry.example.com/team/service:{number}",
                        "primary": True,
                        "port": 8080,
                        "entrypoint": ["serve", "--workers", "4"],
                        "environmentVars": [
                            {"name": name, "source": "string", "value": value}
                            for name, value in variables(number).items()
                        ],
                        "readinessProbe": _probe("/ready"),
                        "livenessProbe": _probe("/alive"),
                    }
                ],
            }
        ],
    }


def _probe(path: str) -> dict[str, Any]:
    return {
        "path": path,
        "port": 8080,
        "scheme": "HTTP",
        "initialDelaySeconds": 30,
        "periodSeconds": 30,
        "timeoutSeconds": 30,
        "failureThreshold": 3,
    }
