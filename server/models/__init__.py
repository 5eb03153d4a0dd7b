"""Tables and their named queries, one noun a file."""

from server.models.device import Boot, Device, EnrolCode, Exchange, StreamHead
from server.models.entry import HeldEntry, KeptEvidence, LogEntry, Quarantine
from server.models.flag import Flag, FlagEvent, FlagStep, Heartbeat
from server.models.form import SentForm
from server.models.media import Media, MediaPromise, MediaUpload
from server.models.notice import Channel, Digest, Notice
from server.models.record import CaseFile, Contest, Record, Worker
from server.models.reference import Reference
from server.models.roster import Disclosure, Roster, RosterTitle
from server.models.scope import REF, Scope
from server.models.signal import SiteSignal
from server.models.site import Company, Site, SiteCompany, Suspension
from server.models.user import Assignment, LoginToken, Tally, User
from server.models.window import Window

__all__ = [
    "REF",
    "Assignment",
    "Boot",
    "CaseFile",
    "Channel",
    "Company",
    "Contest",
    "Device",
    "Digest",
    "Disclosure",
    "EnrolCode",
    "Exchange",
    "Flag",
    "FlagEvent",
    "FlagStep",
    "Heartbeat",
    "HeldEntry",
    "KeptEvidence",
    "LogEntry",
    "LoginToken",
    "Media",
    "MediaPromise",
    "MediaUpload",
    "Notice",
    "Quarantine",
    "Record",
    "Reference",
    "Roster",
    "RosterTitle",
    "Scope",
    "SentForm",
    "Site",
    "SiteCompany",
    "SiteSignal",
    "StreamHead",
    "Suspension",
    "Tally",
    "User",
    "Window",
    "Worker",
]
