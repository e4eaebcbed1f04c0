"""The officer's console: who waits, why, what there is to compare, and what was done.

What an officer may do is `kiosk_api.core.review`; what they saw and did is the journal's.
"""
