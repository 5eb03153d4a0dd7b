"""How many runs are made, in how many processes, and what is said of one that died."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from tests.simulation.jobs import in_processes
from tests.simulation.runs import within


def test_so_many_runs_are_made_as_were_asked_for_however_long_they_take() -> None:
    assert list(within(itertools.count(7), 3, 0.0, itertools.count(0, 1000).__next__)) == [7, 8, 9]


def test_where_only_a_time_is_given_the_last_run_begins_before_it_is_over() -> None:
    times = iter([100.0, 100.0, 104.0, 110.0, 110.5])
    assert list(within(itertools.count(1), 0, 10.0, times.__next__)) == [1, 2, 3]


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_each_process_does_its_share_and_nobody_elses(jobs: int) -> None:
    def share(job: int) -> Iterator[int]:
        yield from range(job, 10, jobs)

    assert sorted(in_processes(jobs, share)) == list(range(10))


def test_processes_are_others_than_this_one_where_there_are_several() -> None:
    def share(_job: int) -> Iterator[int]:
        yield os.getpid()

    assert list(in_processes(1, share)) == [os.getpid()]
    found = list(in_processes(2, share))
    assert len({*found, os.getpid()}) == 3


def test_a_process_that_died_is_an_error_and_not_a_share_that_was_done() -> None:
    def share(job: int) -> Iterator[int]:
        yield job
        if job:
            os._exit(9)

    with pytest.raises(RuntimeError, match="before its share was done"):
        list(in_processes(2, share))
