"""The options of the commands, one file each; `cli.NAME` does what they ask. Nothing heavy is imported here."""
