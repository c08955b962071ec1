"""What a machine lacks is named, with the command that installs it."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(("target", "lacking"), [("fonts", "npm"), ("browser", "chromium-headless-shell")])
def test_what_cannot_be_installed_is_named_with_the_remedy(target: str, lacking: str, tmp_path: Path) -> None:
    done = subprocess.run(  # where there is neither the program nor apt
        ["/bin/sh", ROOT / "packages.sh", target], env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    said = f"Missing on this machine: {lacking}. Install them, e.g. with: sudo apt-get install {lacking}\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_what_is_there_is_not_installed_again(tmp_path: Path) -> None:
    (tmp_path / "npm").touch(mode=0o755)
    done = subprocess.run(["/bin/sh", ROOT / "packages.sh", "fonts"], env={"PATH": str(tmp_path)})
    assert done.returncode == 0


def pins(name: str) -> set[str]:
    """The lines of a file of requirements, package and version, without extras and markers."""
    lines = (line.partition(";")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return {re.sub(r"\[.*?\]", "", line).lower().replace("_", "-") for line in lines if "==" in line}


def test_what_is_installed_is_what_is_pinned() -> None:
    assert pins("requirements.txt") <= pins("requirements.lock") <= pins("requirements-dev.lock")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {one.lower() for every in extras.values() for one in every} <= pins("requirements-dev.lock")
    assert packages_distributions()["cv2"] == ["opencv-python-headless"], "once: two would overwrite each other"
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    lacking = [line for line in done.stdout.splitlines() if " requires " in line and "opencv-python" not in line]
    assert not lacking, "the lock is whole though pip installs it without looking"


def test_pages_need_nothing_but_the_requirements() -> None:
    """What pyproject.toml adds for training and tests is not to be had, as on a machine that only runs the pages."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = {one.split("==")[0].lower() for every in extras.values() for one in every}
    lacking = [module for module, of in packages_distributions().items() if {name.lower() for name in of} <= names]
    assert {"fontTools", "lightning", "pytest"} <= set(lacking)
    program = f"import sys; sys.modules |= dict.fromkeys({lacking}); import app, demos.grid_view.maps, zoo.__main__"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
