"""A pytest plugin (`-p tests.stories.kinds.declared`): everything below runs as if one more field stood in
schemas/worker.py, and one more kind of log in schemas/. It has to come before whatever imports schemas/kinds.py."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from schemas import worker
from schemas.column import Column
from schemas.fields import Body, choice, listed, number, text
from schemas.kind import Kind
from schemas.privacy import OPEN


class GrownWorkerBody(worker.WorkerBody):
    """A worker with a blood type."""

    blood_type = choice(
        *("血型", {"a": "A 型", "b": "B 型", "o": "O 型"}), optional=True, privacy=OPEN, column=Column()
    )


worker.WorkerBody = GrownWorkerBody  # type: ignore[misc]
worker.KIND = replace(worker.KIND, schema=GrownWorkerBody)

from schemas import kinds  # noqa: E402 - with the worker's declaration as it is now


class VentilationLogBody(Body):
    """A place was aired."""

    place = listed("场所", "place_kinds", role="place")
    method = choice("方式", {"windows": "开窗", "fan": "风机"})
    minutes = number("时长 (分钟)", 0, 600)
    operator = text("通风人员", 50, optional=True)


VENTILATION = Kind("airing_log", "通风记录", "fact", VentilationLogBody, icon="fan")
kinds.KINDS = MappingProxyType({**kinds.KINDS, VENTILATION.name: VENTILATION})
