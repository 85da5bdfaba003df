"""The command line: reads arguments, opens a workspace, calls the engine, prints renderings."""
