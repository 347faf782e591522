"""Progress on a stderr that is no terminal."""

import pytest

from sociogram.cli.progress import TerminalProgress


def test_only_finished_lines_reach_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress() as progress:
        with progress.stage("text", 10, "texts") as stage:
            stage.advance(10, "20/s")
        progress.say("demo community", "1,500 users · [bold]not markup[/bold]")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "  demo community     1,500 users · [bold]not markup[/bold]\n"
