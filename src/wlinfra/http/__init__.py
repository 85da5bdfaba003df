"""How requests reach a platform: one sender with retry, pace, stop, deadlines and errors, over a replaceable wire.

Read `wire` for what is sent and answered, `sender` for when it is sent again, `transport` for the JSON API on top.
Provider clients and state backends stand on it; it knows nothing of providers.
"""
