"""The cache of traveler records: import, sealing, look-up.

Read in this order: `model` (what a record is), `schemas` (the import format), `importer`,
`sealing` (what lies in the database), `repository`, `lookup` (record against document).
"""
