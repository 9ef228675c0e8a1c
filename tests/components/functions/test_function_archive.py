"""A function's archive: the same bytes each time, and nothing in it that doesn't belong."""

import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, PathDistribution
from pathlib import Path

import pytest

from components.functions import function_archive
from components.functions.function_archive import FunctionArchiveError, build_archive

ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = sorted(package.parent.name for package in ROOT.glob("functions/*/__init__.py"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a function of one line."""
    folder = tmp_path / "project" / "functions" / "greet"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""Greets."""\n')
    (folder / "handler.py").write_text("def handler(event, context):\n    return 'hello'\n")
    return tmp_path / "project"


def _names(archive: str) -> list[str]:
    with zipfile.ZipFile(archive) as content:
        return content.namelist()


def _installed(folder: Path, name: str, files: dict[str, str]) -> None:
    """Lay out a distribution as an installer does."""
    metadata = {
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-1.0.dist-info/INSTALLER": "somebody\n",
        **files,
    }
    for path, content in metadata.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    record = "".join(f"{path},,\n" for path in metadata)
    (folder / f"{name}-1.0.dist-info/RECORD").write_text(record)


def _only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the distributions of a folder be installed."""

    def distribution(name: str) -> PathDistribution:
        for found in folder.glob(f"{name.replace('-', '_')}-*.dist-info"):
            return PathDistribution(found)
        raise PackageNotFoundError(name)

    monkeypatch.setattr(function_archive, "distribution", distribution)


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS)
def test_two_clean_builds_give_the_same_bytes(function: str, tmp_path: Path) -> None:
    code = (
        "import os, sys; os.umask(int(sys.argv[1], 8)); from pathlib import Path; "
        "from components.functions.function_archive import build_archive; "
        f"print(build_archive({function!r}, Path(sys.argv[2])))"
    )
    archives = []
    for build, umask in (("one", "022"), ("two", "077")):
        project, elsewhere = tmp_path / build, tmp_path / f"from-{build}"
        (project / "functions").mkdir(parents=True)
        elsewhere.mkdir()
        subprocess.run(["cp", "-r", str(ROOT / "functions" / function), str(project / "functions")], check=True)
        for number, path in enumerate(sorted(project.rglob("*"), reverse=build == "two")):
            os.utime(path, (number * 1000, number * 1000))
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": umask}
        command = [sys.executable, "-c", code, umask, str(project)]
        done = subprocess.run(command, cwd=elsewhere, env=environment, check=True, capture_output=True, text=True)
        archives.append(Path(done.stdout.strip()))

    assert archives[0] != archives[1]
    assert archives[0].read_bytes() == archives[1].read_bytes()
    assert archives[1].stat().st_mode & 0o777 == 0o644, "whoever runs the program next can read it"


def test_a_changed_source_gives_another_archive(project: Path) -> None:
    before = Path(build_archive("greet", project)).read_bytes()
    (project / "functions/greet/handler.py").write_text("def handler(event, context):\n    return 'hullo'\n")

    assert Path(build_archive("greet", project)).read_bytes() != before


def test_the_archive_has_the_functions_package_at_its_root_and_nothing_that_was_left_there(project: Path) -> None:
    folder = project / "functions/greet"
    (folder / "__pycache__").mkdir()
    for left in ("__pycache__/handler.cpython-311.pyc", "__pycache__/note.txt", ".handler.py.swp", "handler.py~"):
        (folder / left).write_text("left")
    (folder / "requirements.txt").write_text("# nothing\n")

    assert _names(build_archive("greet", project)) == ["greet/__init__.py", "greet/handler.py"]


def test_the_archive_of_credentials_has_no_bytecode_and_nothing_of_this_machine() -> None:
    names = _names(build_archive("credentials"))

    assert not [name for name in names if name.endswith((".pyc", ".pyo")) or "__pycache__" in name]
    assert not [
        name for name in names if name.split("/")[-1] in ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
    ]
    assert not [name for name in names if name.startswith(("boto", "tests/", "bin/", "../"))]
    assert {"credentials/handler.py", "credentials/rds-ca.pem", "pg8000/native.py"} <= set(names)


def test_what_a_distribution_needs_is_packed_too_by_what_holds_in_lambda(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed"
    needs = "\n".join(
        [
            "Metadata-Version: 2.1",
            "Name: driver",
            "Version: 1.0",
            "Requires-Dist: helper>=1",
            "Requires-Dist: boto3",
            "Requires-Dist: backport; python_version < '3.12'",
            "Requires-Dist: faster; extra == 'speed'",
            "",
        ]
    )
    _installed(installed, "driver", {"driver.py": "", "driver-1.0.dist-info/METADATA": needs})
    _installed(installed, "helper", {"helper/__init__.py": "", "../../bin/helper": "", "helper/__init__.pyc": ""})
    (project / "functions/greet/requirements.txt").write_text("driver  # speaks\n")
    _only(installed, monkeypatch)

    names = _names(build_archive("greet", project))

    assert [name for name in names if name.endswith(".py")] == [
        "driver.py",
        "greet/__init__.py",
        "greet/handler.py",
        "helper/__init__.py",
    ]
    assert "driver-1.0.dist-info/METADATA" in names, "drivers ask for their own version"


def test_a_distribution_that_is_not_installed_is_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "functions/greet/requirements.txt").write_text("driver\n")
    _only(tmp_path, monkeypatch)

    with pytest.raises(FunctionArchiveError) as caught:
        build_archive("greet", project)

    assert str(caught.value) == (
        "functions/greet: the distribution driver, named by functions/greet/requirements.txt, isn't installed; "
        "run `make setup`"
    )


def test_a_version_beside_a_name_is_refused(project: Path) -> None:
    (project / "functions/greet/requirements.txt").write_text("pg8000==1.31.5\n")

    with pytest.raises(FunctionArchiveError) as caught:
        build_archive("greet", project)

    assert str(caught.value) == (
        "functions/greet/requirements.txt has the line 'pg8000==1.31.5'; allowed: a distribution's name alone; "
        "versions are the lock file's"
    )


def test_a_native_extension_is_refused_by_name(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "installed"
    _installed(installed, "driver", {"driver/_fast.cpython-313-x86_64-linux-gnu.so": ""})
    (project / "functions/greet/requirements.txt").write_text("driver\n")
    _only(installed, monkeypatch)

    with pytest.raises(FunctionArchiveError) as caught:
        build_archive("greet", project)

    assert str(caught.value) == (
        "functions/greet: the distribution driver has a native extension, "
        "driver/_fast.cpython-313-x86_64-linux-gnu.so; allowed: distributions in Python alone"
    )


def test_a_distribution_for_one_kind_of_machine_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed"
    _installed(installed, "driver", {"driver-1.0.dist-info/WHEEL": "Root-Is-Purelib: false\n"})
    (project / "functions/greet/requirements.txt").write_text("driver\n")
    _only(installed, monkeypatch)

    with pytest.raises(FunctionArchiveError) as caught:
        build_archive("greet", project)

    assert str(caught.value) == (
        "functions/greet: the distribution driver is built for one kind of machine; "
        "allowed: distributions in Python alone"
    )


def test_a_file_that_is_gone_is_named(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "installed"
    _installed(installed, "driver", {"driver.py": ""})
    (installed / "driver.py").unlink()
    (project / "functions/greet/requirements.txt").write_text("driver\n")
    _only(installed, monkeypatch)

    with pytest.raises(FunctionArchiveError) as caught:
        build_archive("greet", project)

    assert str(caught.value) == (
        "functions/greet: driver.py of the distribution driver can't be read (No such file or directory); "
        "run `make setup` in a fresh checkout"
    )


def test_two_distributions_with_one_file_are_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed"
    _installed(installed, "greet", {"greet/handler.py": "raise SystemExit\n"})
    (project / "functions/greet/requirements.txt").write_text("greet\n")
    _only(installed, monkeypatch)

    with pytest.raises(FunctionArchiveError) as caught:
        build_archive("greet", project)

    assert str(caught.value) == "functions/greet: greet has a file greet/handler.py, and so has another"


def test_a_function_that_is_not_there_is_refused(project: Path) -> None:
    with pytest.raises(FunctionArchiveError) as caught:
        build_archive("meet", project)

    assert str(caught.value) == "there is no function 'meet': functions/meet isn't a package"


@pytest.mark.slow
def test_the_archive_runs_with_nothing_beside_it_but_what_the_runtime_has(tmp_path: Path) -> None:
    """In a process that sees the standard library, the unpacked archive, and stand-ins for boto3 and botocore."""
    task, runtime = tmp_path / "task", tmp_path / "runtime"
    with zipfile.ZipFile(build_archive("credentials")) as archive:
        archive.extractall(task)
    for name, text in {
        "boto3.py": "client = lambda service: None\n",
        "botocore/__init__.py": "",
        "botocore/exceptions.py": "class BotoCoreError(Exception): ...\nclass ClientError(Exception): ...\n",
    }.items():
        (runtime / name).parent.mkdir(parents=True, exist_ok=True)
        (runtime / name).write_text(text)
    code = (
        f"import sys; sys.path[:0] = [{str(task)!r}, {str(runtime)!r}]\n"
        "import json, credentials.handler, credentials.tls as tls, credentials.postgres as postgres\n"
        "try: credentials.handler.handler({'store': 'postgres'}, None)\n"
        "except credentials.handler.CredentialsError as error: said = str(error)\n"
        "verifier = postgres.verifier('x')\n"
        "print(json.dumps([said, tls.postgres_context().cert_store_stats()['x509_ca'], verifier[:19], "
        "sorted({getattr(module, '__file__', None) or '' for module in sys.modules.values()})]))\n"
    )
    logins = json.dumps({"postgres": {"users": ["a", "b"], "secrets": {}}})
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=tmp_path,
        env={"LOGINS": logins},
        check=True,
        capture_output=True,
        text=True,
    )
    said, authorities, verifier, files = json.loads(done.stdout)

    assert said.startswith("event.action is missing; allowed: ensure or retire or retire-by-force or audit; ")
    assert authorities == 81
    assert verifier == "SCRAM-SHA-256$4096:"
    assert not [file for file in files if "site-packages" in file or str(ROOT) in file]
