"""The kiosk's database: engine, tables and their migrations.

Read `engine` for how durable and how private the file is, `models` for what it holds.
"""
