"""The command `python -m localcloud`: what `pulumi` does, on the local cloud, and ways to look at it."""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from localcloud.emulator import control
from localcloud.engine.account import PERSONAL, aws_environment
from localcloud.engine.config import ConfigError, ProjectFile, StackFile
from localcloud.engine.result import Result
from localcloud.engine.secrets import DEFAULT_PASSPHRASE
from localcloud.engine.stack import Project, Stack
from localcloud.engine.state import StateError

_DEFAULT_STACK = "local"


class CommandError(Exception):
    """A command that can't be done; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command: list[str] = []
    if "exec" in given and "--" in given:
        # All that follows `--` is the command to run, options and all.
        at = given.index("--")
        given, command = given[:at], given[at + 1 :]
    parser = _parser()
    options = parser.parse_args(given)
    options.command_line = command
    if not Path(options.cwd).is_dir():
        parser.error(f"--cwd is {options.cwd!r}: no such folder")
    try:
        with contextlib.chdir(options.cwd):
            return int(options.run(options))
    except (ConfigError, StateError, CommandError, control.EmulatorError, LookupError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to continue", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localcloud",
        description="An AWS account on this machine, and an engine that deploys Pulumi programs to it.",
    )
    parser.add_argument("--cwd", default=".", help="the project's folder (the one with Pulumi.yaml)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("-s", "--stack", default=_DEFAULT_STACK, help=f"the stack (default: {_DEFAULT_STACK})")
        made.set_defaults(run=run, operation=name)
        return made

    for name, text in (
        ("preview", "show what up would do"),
        ("up", "bring the stack to what the program says"),
        ("refresh", "read every resource back into the state"),
        ("destroy", "delete everything that the stack has"),
    ):
        one = command(name, text, _deploy)
        one.add_argument("--json", action="store_true", help="print one JSON document, as `pulumi preview --json` does")
        one.add_argument("--details", action="store_true", help="show every property of what is created")
        one.add_argument("-y", "--yes", action="store_true", help="as the official CLI has it; nothing is asked")
        if name in ("preview", "up"):
            one.add_argument("-r", "--refresh", action="store_true", help="read every resource back first")

    output = command("output", "print the stack's outputs", _output)
    output.add_argument("name", nargs="?", help="only this output")
    output.add_argument("--json", action="store_true", help="print JSON")
    output.add_argument("--show-secrets", action="store_true", help="print secrets in the clear")

    start = command("start", "start the emulator", _start)
    start.add_argument("--port", type=int, help="the port to listen on (default: 4566 where free)")
    command("stop", "stop the emulator; what it holds is gone", _stop)
    command("status", "say whether the emulator runs, and where", _status)
    coverage = command("coverage", "list resource types, their calls, and who answers them", _coverage)
    coverage.add_argument("match", nargs="?", default="", help="only tokens that contain this, such as rds")
    coverage.add_argument("--json", action="store_true", help="print JSON")
    execute = command("exec", "run a command that speaks to the emulator: exec -- aws ecs list-clusters", _exec)
    execute.usage = "python -m localcloud exec [-s STACK] -- CMD [ARG ...]"

    config = commands.add_parser("config", help="read and edit a stack's configuration")
    actions = config.add_subparsers(required=True, metavar="ACTION")
    for name, text, run in (
        ("set", "set a value", _config_set),
        ("get", "print a value", _config_get),
        ("rm", "remove a value", _config_remove),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("-s", "--stack", default=_DEFAULT_STACK, help=f"the stack (default: {_DEFAULT_STACK})")
        action.add_argument("key", help="with its namespace, or without for the project's own")
        if name == "set":
            action.add_argument("value", nargs="?", help="read from standard input when left out")
            action.add_argument("--secret", action="store_true", help="encrypt it")
        action.set_defaults(run=run)
    return parser


# --- deployments -----------------------------------------------------------------------------------------------------


def _stack(options: argparse.Namespace) -> Stack:
    return Project(Path.cwd()).stack(options.stack)


def _deploy(options: argparse.Namespace) -> int:
    from localcloud.engine.display import Display

    stack = _stack(options)
    if options.operation in ("destroy", "refresh") and not stack.state_file.exists():
        raise CommandError(
            f"there is no stack {options.stack!r} to {options.operation} in {stack.home}. "
            f"Bring it up first: python -m localcloud up --stack {options.stack}"
        )
    run: Callable[..., Result] = getattr(stack, options.operation)
    flags = {"refresh": True} if getattr(options, "refresh", False) else {}
    if options.json:
        # The program's own prints would not be JSON.
        with contextlib.redirect_stdout(sys.stderr):
            result = run(**flags)
        print(json.dumps(result.to_json(), indent=4, ensure_ascii=False))
        return result.exit_code
    display = Display(Console(highlight=False), options.operation, options.stack, details=options.details)
    with display:
        result = run(display, **flags)
    display.summary(result)
    return result.exit_code


def _output(options: argparse.Namespace) -> int:
    stack = _stack(options)
    if not stack.state_file.exists():
        raise CommandError(
            f"there is no stack {options.stack!r} in {stack.home}. "
            f"Bring it up first: python -m localcloud up --stack {options.stack}"
        )
    outputs = stack.outputs(show_secrets=options.show_secrets)
    if options.name is not None:
        if options.name not in outputs:
            names = ", ".join(sorted(outputs)) or "none"
            raise CommandError(f"stack {options.stack!r} has no output {options.name!r}; it has: {names}")
        value = outputs[options.name]
        print(json.dumps(value, ensure_ascii=False) if options.json or not isinstance(value, str) else value)
    elif options.json:
        print(json.dumps(outputs, indent=4, ensure_ascii=False))
    else:
        from localcloud.engine.display import output_lines

        print("\n".join(output_lines(outputs)) or f"stack {options.stack!r} has no outputs")
    return 0


# --- the emulator ----------------------------------------------------------------------------------------------------


def _start(options: argparse.Namespace) -> int:
    endpoint = control.start(options.port)
    print(f"the emulator answers at {endpoint.url} (pid {endpoint.pid})")
    return 0


def _stop(options: argparse.Namespace) -> int:
    print("the emulator is stopped" if control.stop() else "no emulator runs")
    return 0


def _status(options: argparse.Namespace) -> int:
    endpoint = control.status()
    if endpoint is None:
        print("no emulator runs; start one with: python -m localcloud start")
        return 1
    print(f"the emulator answers at {endpoint.url} (pid {endpoint.pid}, since {endpoint.started})")
    return 0


def _coverage(options: argparse.Namespace) -> int:
    from localcloud import coverage  # loads every resource type, and moto

    return coverage.run(options)


def _exec(options: argparse.Namespace) -> int:
    command: list[str] = options.command_line
    if not command:
        raise CommandError("say what to run: python -m localcloud exec -- aws ecs list-clusters")
    # Tools of the same virtual environment, such as `aws`, are found even when it isn't activated.
    url = control.ensure().url
    environment = {**os.environ, **aws_environment(url)}
    for name in PERSONAL:
        environment.pop(name, None)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    found = shutil.which(command[0], path=environment["PATH"])
    if found is None:
        raise CommandError(f"there is no command {command[0]!r} on the PATH")
    arguments = command[1:]
    if Path(found).name == "aws" and "--endpoint-url" not in arguments:
        # For a few services (RDS in us-east-1 among them) the AWS CLI takes an address of its own before that of
        # AWS_ENDPOINT_URL, unless it is told on the command line:
        # https://github.com/aws/aws-cli/blob/develop/awscli/customizations/overridesslcommonname.py
        arguments = ["--endpoint-url", url, *arguments]
    with _pulumi(Path(found), environment["PATH"], options) as more:
        return subprocess.call([found, *arguments], env={**environment, **more})


@contextlib.contextmanager
def _pulumi(program: Path, path: str, options: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Serve our providers to the official CLI, where there is one; give the environment that makes it use them.

    The command may be the CLI itself, or whatever drives it: a program with Pulumi's Automation API, `make`, a shell.
    """
    in_a_project = Path("Pulumi.yaml").exists()
    drives_it = program.name != "aws" and in_a_project and shutil.which("pulumi", path=path)
    if program.name != "pulumi" and not drives_it:
        yield {}
        return
    from localcloud.provider import PACKAGES
    from localcloud.provider.serve import serving

    backend = Project(Path.cwd()).stack(options.stack).home.resolve() / "pulumi"
    backend.mkdir(parents=True, exist_ok=True)
    with serving(PACKAGES) as ports:
        ours = {
            # https://www.pulumi.com/docs/iac/cli/environment-variables/
            "PULUMI_BACKEND_URL": backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": DEFAULT_PASSPHRASE,
            # Else it downloads the plugins of what is served here.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        yield {
            **{name: os.environ.get(name, value) for name, value in ours.items()},
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in ports.items()),
        }


# --- configuration ---------------------------------------------------------------------------------------------------


def _stack_file(options: argparse.Namespace) -> tuple[ProjectFile, StackFile]:
    project = Project(Path.cwd()).file
    return project, StackFile(project, options.stack)


def _config_set(options: argparse.Namespace) -> int:
    _, file = _stack_file(options)
    value = options.value if options.value is not None else sys.stdin.read().rstrip("\n")
    file.set(options.key, value, secret=options.secret)
    file.save()
    return 0


def _config_get(options: argparse.Namespace) -> int:
    project, file = _stack_file(options)
    value = file.get(options.key)
    if value is None:
        raise CommandError(f"{project.full_key(options.key)} isn't set in {project.stack_file(options.stack).name}")
    print(value)
    return 0


def _config_remove(options: argparse.Namespace) -> int:
    project, file = _stack_file(options)
    if not file.remove(options.key):
        raise CommandError(f"{project.full_key(options.key)} isn't set in {project.stack_file(options.stack).name}")
    file.save()
    return 0
