"""The core behind the Pulumi plugin: one resource is planned and applied as a stack that has one.

`bridge.Bridge` answers the questions of `wlinfra.pulumi.contract`. Beside it: `configuration` (the provider's options),
`configured` (the connection and the journal of one provider), `subjects` (properties to resources), `paths` (as the program has
them), `records` (what the state keeps), `journal`, `planning`, `mutating` (create, update, delete), `looking` (refresh and
import), `reports` and `wording`.
"""
