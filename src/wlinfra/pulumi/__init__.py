"""The Pulumi provider: answers Pulumi's engine with what the planner decides and the applier does.

`service` speaks the protocol and knows nothing of planning; `bridge` plans and applies and knows nothing of the
protocol; `contract` is what they say to each other. Nothing outside this package knows a word of Pulumi.
"""
