"""`python -m wlinfra` is `wlinfra`."""

from wlinfra.cli.app import entry

entry()
