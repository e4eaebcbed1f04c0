"""The contract of every capability, shipped so that other packages run it on their drivers.

Subclass the contracts of `devices.testing.contracts` in a pytest module that has a fixture
`harness` (a started `LaneHarness`), with pytest-asyncio in auto mode; or call their methods.
"""
