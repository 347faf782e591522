"""Work in the background: what it shows, how it ends, and that it stops when asked to."""

import threading

from sociogram.errors import InputError
from sociogram.explorer.jobs import Job


def test_stages_notes_and_figures_are_shown():
    def work(progress, job):
        with progress.stage("train", 4, "steps") as stage:
            stage.advance(1, "loss 2.500")
            stage.advance(1, "loss 1.250, validation mAP 0.375 · 9 nodes/s")
        progress.say("published", "3 profiles")
        job.result = {"run": "r1"}

    job = Job(work).start()
    job.join(10)
    assert job.state == "done"
    assert [(s.name, s.done, s.share) for s in job.stages] == [("train", 2, 0.5)]
    assert job.curve == {"loss": [(1, 2.5), (2, 1.25)], "mAP": [(1, 0.375)]}
    assert job.lines == ["published: 3 profiles"]


def test_it_stops_at_the_next_sign_of_progress():
    begun, tidied = threading.Event(), threading.Event()

    def work(progress, job):
        try:
            with progress.stage("train", None) as stage:
                while True:
                    begun.set()
                    stage.advance(1)
        finally:
            tidied.set()

    job = Job(work).start()
    assert begun.wait(10)
    job.stop()
    job.join(10)
    assert (job.state, tidied.is_set()) == ("stopped", True)
    assert job.stages[0].ended is not None


def test_what_goes_wrong_is_one_line():
    def refused(progress, job):
        raise InputError("people.csv has no column user_id.")

    def broken(progress, job):
        raise ZeroDivisionError("secret")

    jobs = [Job(work).start() for work in (refused, broken)]
    for job in jobs:
        job.join(10)
    assert [j.state for j in jobs] == ["failed", "failed"]
    assert jobs[0].error == "people.csv has no column user_id."
    assert "secret" not in jobs[1].error
    assert "ZeroDivisionError" in jobs[1].error
