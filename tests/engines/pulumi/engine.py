"""What Pulumi is made of: its CLI and two language hosts, each a Go module of its own."""

from __future__ import annotations

from pathlib import Path

from engines.build import Carried, Inputs, Program

__all__ = ["CODE_GENERATORS", "PULUMI", "RELEASE"]

RELEASE = "v3.276.0"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_HERE = Path(__file__).parent

PULUMI = Inputs(
    name="pulumi",
    folder=_HERE / "cli",
    others=(_HERE / "python", _HERE / "yaml"),
    tags="osusergo,grpcnotrace",
    linker_flags=f"-X {_SDK}/go/common/version.Version={RELEASE}",
    programs=(
        Program(name="pulumi", built_as="pulumi", variable="WLINFRA_TEST_PULUMI", oldest=(3, 276)),
        Program(
            name="pulumi-language-python",
            built_as="pulumi-language-python",
            variable="WLINFRA_TEST_PULUMI_LANGUAGE_PYTHON",
            oldest=(3, 68),
        ),
        Program(
            name="pulumi-language-yaml",
            built_as="pulumi-language-yaml",
            variable="WLINFRA_TEST_PULUMI_LANGUAGE_YAML",
            oldest=(1, 25),
        ),
    ),
    # The Python host runs every program by this script, which it looks for beside itself.
    carried=(Carried(module=_SDK, path="python/cmd/pulumi-language-python-exec"),),
    from_path=False,
)

CODE_GENERATORS = Inputs(
    name="pulumi-codegen",
    folder=_HERE / "codegen",
    tags="osusergo,grpcnotrace",
    programs=(Program(name="codegen", built_as="codegen", variable="WLINFRA_TEST_PULUMI_CODEGEN", oldest=(3, 276)),),
    from_path=False,
)
