"""The front door: one environment of a stack, opened; planned, applied, imported, destroyed.

Programs call `wlinfra.open_workspace`; the command line opens its workspaces here too, and only adds options and output.
"""
