"""Tables and their named queries, one noun a file."""

from server.models.audit import AuditEvent
from server.models.camera import Camera, Platform
from server.models.coverage import CoverageDay, CoverageWorker
from server.models.device import Boot, Device, EnrolCode, Exchange, StreamHead
from server.models.entry import HeldEntry, KeptEvidence, LogEntry, Quarantine
from server.models.erasure import ErasedLine, ErasedRecord, Erasure, ErasureSeal
from server.models.event import EventSink, SiteEvent
from server.models.flag import Flag, FlagEvent, FlagStep, Heartbeat
from server.models.form import SentForm
from server.models.health import HealthErasure
from server.models.key import KeyFingerprint, Resealing
from server.models.log_segment import LogSegment
from server.models.media import Media, MediaPromise, MediaUpload
from server.models.notice import Channel, Digest, Notice
from server.models.office import SavedFilter, StandIn, Visit
from server.models.paper import Paper, PaperNumber, PaperPdf, PaperService
from server.models.person_request import PersonRequest
from server.models.place import Place
from server.models.proposal import Proposal
from server.models.published_form import PublishedForm
from server.models.receipt import StreamReceipt
from server.models.record import CaseFile, Contest, FormRegister, Record, Worker
from server.models.reference import Reference
from server.models.report import Report
from server.models.roster import Disclosure, Roster, RosterTitle
from server.models.scope import REF, Scope
from server.models.segment import Segment
from server.models.service import PersonNumber, ServiceAccount, ServiceKey
from server.models.signal import SiteSignal
from server.models.site import Company, Site, SiteCompany, Suspension
from server.models.travel import Screening, TravelHit
from server.models.user import Assignment, LoginToken, Tally, User
from server.models.window import Window

__all__ = [
    "REF",
    "Assignment",
    "AuditEvent",
    "Boot",
    "Camera",
    "CaseFile",
    "Channel",
    "Company",
    "Contest",
    "CoverageDay",
    "CoverageWorker",
    "Device",
    "Digest",
    "Disclosure",
    "EnrolCode",
    "ErasedLine",
    "ErasedRecord",
    "Erasure",
    "ErasureSeal",
    "EventSink",
    "Exchange",
    "Flag",
    "FlagEvent",
    "FlagStep",
    "FormRegister",
    "HealthErasure",
    "Heartbeat",
    "HeldEntry",
    "KeptEvidence",
    "KeyFingerprint",
    "LogEntry",
    "LogSegment",
    "LoginToken",
    "Media",
    "MediaPromise",
    "MediaUpload",
    "Notice",
    "Paper",
    "PaperNumber",
    "PaperPdf",
    "PaperService",
    "PersonNumber",
    "PersonRequest",
    "Place",
    "Platform",
    "Proposal",
    "PublishedForm",
    "Quarantine",
    "Record",
    "Reference",
    "Report",
    "Resealing",
    "Roster",
    "RosterTitle",
    "SavedFilter",
    "Scope",
    "Screening",
    "Segment",
    "SentForm",
    "ServiceAccount",
    "ServiceKey",
    "Site",
    "SiteCompany",
    "SiteEvent",
    "SiteSignal",
    "StandIn",
    "StreamHead",
    "StreamReceipt",
    "Suspension",
    "Tally",
    "TravelHit",
    "User",
    "Visit",
    "Window",
    "Worker",
]
