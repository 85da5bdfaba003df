"""The command line: reads arguments, opens a workspace, calls the inputs, prints renderings."""
