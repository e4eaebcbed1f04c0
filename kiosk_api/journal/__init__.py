"""The journal of a kiosk: what was decided, on which evidence, before anyone is told.

Append-only and hash-chained (`kiosk_api.core.journal` has the form of entries). Read `store` for
how an entry becomes durable, `recovery` for what happens after a crash, `verify` for what can be
proven about a journal and what cannot, `replay` and `explain` for looking back.
"""
