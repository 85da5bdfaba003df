"""The gRPC side of the provider: Pulumi's protocol on one side, `contract.Bridge` on the other.

`codec` reads and writes property values, `answers` writes what is answered, `servicer` has the protocol's questions,
`log` speaks to the engine, `server` is the process. Nothing here plans or calls a platform.
"""
