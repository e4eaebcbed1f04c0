"""The errors that leave a driver: coded, with the device, and with the original as cause.

Texts hold codes and device ids only, never what a device sent: that may identify a person.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """Stable codes; integrators and reports rely on their spelling."""

    DEVICE_LOST = "device_lost"
    DEVICE_BUSY = "device_busy"
    DEVICE_TIMEOUT = "device_timeout"
    DEVICE_FAULTED = "device_faulted"
    CAPTURE_FAILED = "capture_failed"
    CAPTURE_CANCELLED = "capture_cancelled"
    PRINT_FAILED = "print_failed"
    PROTOCOL_VIOLATION = "protocol_violation"
    NOT_SUPPORTED = "not_supported"
    UNAUTHORISED = "unauthorised"
    DRIVER_FAILED = "driver_failed"


class DeviceError(Exception):
    """A device did not do what it was asked; every subclass has one code.

    `why` narrows the code down (for example `no_picture`); it is a code as well, lower case.
    """

    code: ClassVar[ErrorCode]
    retryable: ClassVar[bool]  # whether the same call may succeed later without a repair

    def __init__(self, device_id: str, why: str = "") -> None:
        """Remember which device failed, and the finer code if there is one."""
        super().__init__(device_id, why)
        self.device_id = device_id
        self.why = why

    def __str__(self) -> str:
        """Say it in one line: device, code, finer code."""
        return f"{self.device_id}: {self.code}" + (f" ({self.why})" if self.why else "")


class DeviceLostError(DeviceError):
    """The connection to the device is gone; a later one has a new epoch."""

    code = ErrorCode.DEVICE_LOST
    retryable = True


class DeviceBusyError(DeviceError):
    """Somebody else is using the device, or its id is taken by a living connection."""

    code = ErrorCode.DEVICE_BUSY
    retryable = True


class DeviceTimeoutError(DeviceError):
    """The device did not answer in time."""

    code = ErrorCode.DEVICE_TIMEOUT
    retryable = True


class DeviceFaultedError(DeviceError):
    """The device reported a fault of its own, such as an empty paper tray."""

    code = ErrorCode.DEVICE_FAULTED
    retryable = False


class CaptureFailedError(DeviceError):
    """The camera tried and has no picture; `why` is what it said."""

    code = ErrorCode.CAPTURE_FAILED
    retryable = True


class CaptureCancelledError(DeviceError):
    """The capture was cancelled from our side."""

    code = ErrorCode.CAPTURE_CANCELLED
    retryable = True


class PrintFailedError(DeviceError):
    """The printer tried and has no receipt; `why` is what it said."""

    code = ErrorCode.PRINT_FAILED
    retryable = True


class ProtocolViolationError(DeviceError):
    """The other side broke the wire's rules; its connection is closed."""

    code = ErrorCode.PROTOCOL_VIOLATION
    retryable = False


class NotSupportedError(DeviceError):
    """The device cannot do this at all."""

    code = ErrorCode.NOT_SUPPORTED
    retryable = False


class UnauthorisedError(DeviceError):
    """The credential does not cover this lane or this capability."""

    code = ErrorCode.UNAUTHORISED
    retryable = False


class DriverFailedError(DeviceError):
    """The driver could not be opened; `why` tells what it lacks."""

    code = ErrorCode.DRIVER_FAILED
    retryable = True
