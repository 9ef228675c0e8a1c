"""What every test of the engine starts from."""

from pathlib import Path

import pytest

from engine.fake import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A project, an empty fake cloud and a home of their own."""
    return Lab(tmp_path)
