"""What operators, probes and integrators ask about the service itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from devices.supervisor import DeviceSupervisor
from kiosk_api.access.guards import SCHEME, require
from kiosk_api.access.tokens import Principal, Role
from kiosk_api.core.codec import encode_policy
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import REASONS
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.sessions.service import SessionService
from kiosk_api.telemetry import Telemetry

router = APIRouter()
Reader = Annotated[Principal, Depends(require(Role.SERVICE, Role.OPERATOR))]


class Health(BaseModel):
    """The process runs."""

    status: str = "ok"


class Readiness(BaseModel):
    """Whether travelers are served, and what is missing if not."""

    ready: bool
    journal: bool
    face_workers: int
    document_workers: int = Field(description="that read pictures of documents")


class LaneView(BaseModel):
    """A lane and what goes on there."""

    lane_id: str
    in_service: bool
    session_id: str | None = Field(description="of the session that goes on there")
    last_session_id: str | None = Field(description="of the newest session since the start")


class DeviceView(BaseModel):
    """A device as it was seen last."""

    lane_id: str
    device_id: str
    capability: str | None
    model: str
    driver: str
    state: str
    code: str
    epoch: int
    provenance: str | None


class ReasonText(BaseModel):
    """A reason to refer, as the one table has it."""

    code: str
    severity: str
    category: str
    text: str


@router.get("/healthz", tags=["operations"])
async def healthz() -> Health:
    """The process answers; nothing more."""
    return Health()


@router.get("/readyz", tags=["operations"], responses={503: {"model": Readiness}})
async def readyz(request: Request, response: Response) -> Readiness:
    """Whether a traveler who steps up now can be admitted."""
    sessions: SessionService = request.app.state.sessions
    pool: WorkerPool = request.app.state.pool
    documents: WorkerPool = request.app.state.document_pool
    journal = sessions.in_service
    ready = journal and pool.alive > 0 and documents.alive > 0
    response.status_code = 200 if ready else 503
    return Readiness(
        ready=ready,
        journal=journal,
        face_workers=pool.alive,
        document_workers=documents.alive,
    )


@router.get("/metrics", tags=["operations"], response_class=Response)
async def metrics(request: Request) -> Response:
    """Counters for Prometheus; none is about a person."""
    telemetry: Telemetry = request.app.state.telemetry
    sessions: SessionService = request.app.state.sessions
    return Response(
        telemetry.render(sessions.in_service), media_type="text/plain; version=0.0.4; charset=utf-8"
    )


@router.get("/v1/lanes", tags=["operations"], dependencies=[Depends(SCHEME)])
async def lanes(request: Request, principal: Reader) -> list[LaneView]:
    """The lanes of this kiosk."""
    sessions: SessionService = request.app.state.sessions
    return [
        LaneView(
            lane_id=lane_id,
            in_service=sessions.in_service,
            session_id=live.session.session_id if live else None,
            last_session_id=sessions.last(lane_id),
        )
        for lane_id in sessions.lanes
        for live in (sessions.active(lane_id),)
    ]


@router.get("/v1/devices", tags=["devices"], dependencies=[Depends(SCHEME)])
async def devices(request: Request, principal: Reader) -> list[DeviceView]:
    """One row for each device, lost ones included."""
    supervisor: DeviceSupervisor = request.app.state.supervisor
    return [
        DeviceView(
            lane_id=row.lane_id,
            device_id=row.device_id,
            capability=row.capability,
            model=row.model,
            driver=row.driver,
            state=row.state,
            code=row.code,
            epoch=row.epoch,
            provenance=row.provenance,
        )
        for row in supervisor.rows()
    ]


@router.get("/v1/reasons", tags=["reference"])
async def reasons() -> list[ReasonText]:
    """Every reason code with its meaning; codes are stable."""
    return [
        ReasonText(
            code=code,
            severity=text.severity.name.lower(),
            category=text.category,
            text=text.officer,
        )
        for code, text in REASONS.items()
    ]


@router.get("/v1/policy", tags=["reference"], dependencies=[Depends(SCHEME)])
async def policy(request: Request, principal: Reader) -> dict[str, Any]:
    """The policy that decides here now."""
    active: Policy = request.app.state.sessions.policy
    return encode_policy(active)
