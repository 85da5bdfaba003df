"""A plan in the format that was asked for; `plan`, `drift`, `apply` and `destroy` show theirs through this."""

from __future__ import annotations

from argparse import Namespace

from wlinfra.cli.console import Console
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.render.source import read_source_line
from wlinfra.render.text import TextOptions, render_plan

__all__ = ["format_plan", "plan_options", "plan_text"]


def plan_options(arguments: Namespace, *, destroy: bool = False, refresh_only: bool = False) -> PlanOptions:
    """Return what the arguments ask of a plan."""
    return PlanOptions(
        destroy=destroy or getattr(arguments, "destroy", False),
        targets=tuple(arguments.target),
        excludes=tuple(arguments.exclude),
        replaces=tuple(getattr(arguments, "replace", ())),
        refresh=arguments.refresh == "true",
        refresh_only=refresh_only or getattr(arguments, "refresh_only", False),
        allow_empty=getattr(arguments, "allow_empty", False),
        new_place=getattr(arguments, "new_place", False),
    )


def plan_text(
    plan: Plan, console: Console, *, next_command: str = "", restoring_command: str = "", saved: bool = False
) -> str:
    """Return the plan as text for this console."""
    options = TextOptions(
        style=console.style,
        next_command=next_command,
        restoring_command=restoring_command,
        saved=saved,
        source_line=read_source_line,
    )
    return render_plan(plan, options)


def format_plan(
    plan: Plan,
    format_: str,
    console: Console,
    *,
    next_command: str = "",
    restoring_command: str = "",
    saved: bool = False,
) -> str:
    """Return the plan in one of the formats of ``--format``; the others are as in `TextOptions`."""
    match format_:
        case "text":
            return plan_text(plan, console, next_command=next_command, restoring_command=restoring_command, saved=saved)
        case "json":
            from wlinfra.render.json import render_json

            return render_json(plan)
        case "terraform-json":
            from wlinfra.render.terraform_json import render_terraform_json

            return render_terraform_json(plan)
        case "markdown":
            from wlinfra.render.markdown import render_markdown

            return render_markdown(plan)
        case "html":
            from wlinfra.render.html import render_html

            return render_html(plan)
        case other:
            raise ValueError(f"unknown format {other}")
