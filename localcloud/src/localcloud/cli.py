"""The command `python -m localcloud`: what `pulumi` does, on the local cloud, and ways to look at it."""

import argparse
import contextlib
import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from localcloud import environment, private
from localcloud.emulator import control
from localcloud.engine.account import aws_environment
from localcloud.engine.config import LOCAL_STACK, ConfigError, ProjectFile, StackFile, secrets_service
from localcloud.engine.result import Result
from localcloud.engine.secrets import DEFAULT_PASSPHRASE, passphrase_given
from localcloud.engine.stack import Project, Stack
from localcloud.engine.state import StateError
from localcloud.inert import inert, inert_json
from localcloud.names import InvalidNameError


class CommandError(Exception):
    """A command that can't be done; the text says why."""


_REFUSALS = (
    CommandError,
    ConfigError,
    StateError,
    InvalidNameError,
    LookupError,
    control.EmulatorError,
    environment.ElsewhereError,
    private.NotPrivateError,
)


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
    except _REFUSALS as error:
        print(f"error: {inert(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to continue", file=sys.stderr)
        return 130


_REAL_SECRETS = "open the stack's secrets with its passphrase; by default they get placeholders"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localcloud",
        description="An AWS account on this machine, and an engine that deploys Pulumi programs to it.",
    )
    parser.add_argument("--cwd", default=".", help="the project's folder (the one with Pulumi.yaml)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("-s", "--stack", default=LOCAL_STACK, help=f"the stack (default: {LOCAL_STACK})")
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
            one.add_argument("--real-secrets", action="store_true", help=_REAL_SECRETS)

    output = command("output", "print the stack's outputs", _output)
    output.add_argument("name", nargs="?", help="only this output")
    output.add_argument("--json", action="store_true", help="print JSON")
    output.add_argument("--show-secrets", action="store_true", help="print secrets in the clear")

    start = command("start", "start the emulator", _start)
    start.add_argument("--port", type=int, help="the port to listen on (default: 4566 where free)")
    start.add_argument("--access-key", metavar="ID", help="the access key to take, with any secret (default: random)")
    command("stop", "stop the emulator; what it holds is gone", _stop)
    command("status", "say whether the emulator runs, and where", _status)
    coverage = command("coverage", "list resource types, their calls, and who answers them", _coverage)
    coverage.add_argument("match", nargs="?", default="", help="only tokens that contain this, such as rds")
    coverage.add_argument("--json", action="store_true", help="print JSON")
    execute = command("exec", "run a command that speaks to the emulator: exec -- aws ecs list-clusters", _exec)
    execute.add_argument("--backend", metavar="URL", help="the Pulumi backend to use (default: one in .localcloud)")
    execute.add_argument("--real-secrets", action="store_true", help=_REAL_SECRETS)
    execute.usage = "python -m localcloud exec [-s STACK] [--backend URL] [--real-secrets] -- CMD [ARG ...]"

    config = commands.add_parser("config", help="read and edit a stack's configuration")
    actions = config.add_subparsers(required=True, metavar="ACTION")
    for name, text, run in (
        ("set", "set a value", _config_set),
        ("get", "print a value", _config_get),
        ("rm", "remove a value", _config_remove),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("-s", "--stack", default=LOCAL_STACK, help=f"the stack (default: {LOCAL_STACK})")
        action.add_argument("key", help="with its namespace, or without for the project's own")
        if name == "set":
            action.add_argument("value", nargs="?", help="asked for, or read from standard input, when left out")
            action.add_argument("--secret", action="store_true", help="encrypt it")
        action.set_defaults(run=run)
    return parser


# --- deployments -----------------------------------------------------------------------------------------------------


def _stack(options: argparse.Namespace) -> Stack:
    control.private_home()
    return Project(Path.cwd()).stack(options.stack, real_secrets=getattr(options, "real_secrets", False))


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
        print(inert_json(result.to_json()))
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
        text = value if isinstance(value, str) and not options.json else inert_json(value)
        print(inert(text) if sys.stdout.isatty() else text)
    elif options.json:
        print(inert_json(outputs))
    else:
        from localcloud.engine.display import output_lines

        print("\n".join(output_lines(outputs)) or f"stack {options.stack!r} has no outputs")
    return 0


# --- the emulator ----------------------------------------------------------------------------------------------------


def _start(options: argparse.Namespace) -> int:
    endpoint = control.start(options.port, options.access_key)
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
    environment.endpoint()  # one that leads elsewhere isn't overruled in silence
    url = control.ensure().url
    variables = {**environment.scrubbed(os.environ), **aws_environment(url)}
    # Tools of the same virtual environment, such as `aws`, are found even when it isn't activated.
    variables["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{variables.get('PATH', '')}"
    found = shutil.which(command[0], path=variables["PATH"])
    if found is None:
        raise CommandError(f"there is no command {command[0]!r} on the PATH")
    arguments = command[1:]
    if Path(found).name == "aws" and "--endpoint-url" not in arguments:
        # For a few services (RDS in us-east-1 among them) the AWS CLI takes an address of its own before that of
        # AWS_ENDPOINT_URL, unless it is told on the command line:
        # https://github.com/aws/aws-cli/blob/develop/awscli/customizations/overridesslcommonname.py
        arguments = ["--endpoint-url", url, *arguments]
    with _pulumi(Path(found), arguments, variables["PATH"], options) as more:
        return subprocess.call([found, *arguments], env={**variables, **more})


@contextlib.contextmanager
def _pulumi(program: Path, arguments: list[str], path: str, options: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Serve our providers to the official CLI, where there is one; give the environment that makes it use them.

    The command may be the CLI itself, or whatever drives it: a program with Pulumi's Automation API, `make`, a shell.
    None of them meets a backend or a passphrase of a person's own unless the command line says so.
    """
    home = control.private_home() / "pulumi"
    ours = {
        # https://www.pulumi.com/docs/iac/cli/environment-variables/
        "PULUMI_BACKEND_URL": private.make_folder(home).resolve().as_uri(),
        # Else it finds there which backend a person is logged in to, and the tokens of all.
        "PULUMI_CREDENTIALS_PATH": str(home.resolve()),
        # Else it downloads the plugins of what is served here.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    if options.backend:
        ours["PULUMI_BACKEND_URL"] = options.backend
        del ours["PULUMI_CREDENTIALS_PATH"]
        ours |= {name: os.environ[name] for name in ("PULUMI_ACCESS_TOKEN",) if name in os.environ}
    passphrase = passphrase_given() if options.real_secrets else DEFAULT_PASSPHRASE
    if passphrase is None:
        raise CommandError("--real-secrets: set PULUMI_CONFIG_PASSPHRASE to the stack's own")
    in_a_project = Path("Pulumi.yaml").exists()
    drives_it = program.name != "aws" and in_a_project and shutil.which("pulumi", path=path)
    if program.name == "pulumi" or drives_it:
        _check_pulumi(arguments if program.name == "pulumi" else [], options)
    else:
        yield ours
        return
    from localcloud.provider import PACKAGES
    from localcloud.provider.serve import serving

    with serving(PACKAGES) as ports:
        providers = ",".join(f"{package}:{port}" for package, port in ports.items())
        yield {**ours, "PULUMI_CONFIG_PASSPHRASE": passphrase, "PULUMI_DEBUG_PROVIDERS": providers}


def _check_pulumi(arguments: list[str], options: argparse.Namespace) -> None:
    """Refuse what would lead the official CLI to a backend or a service of a person's own.

    Raises:
        CommandError: by which it would go there, and what to do.
    """
    if options.backend:
        return
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] in (["login"], ["logout"]) or "--cloud-url" in arguments:
        raise CommandError(f"`pulumi {words[0]}` isn't for the local cloud: name a backend with exec --backend URL")
    project = ProjectFile.load(Path.cwd()) if Path("Pulumi.yaml").exists() else None
    if project is None:
        return
    if project.backend:
        raise CommandError(
            f"Pulumi.yaml names the backend {project.backend!r}: the local cloud keeps its state in {control.home()}. "
            "Name it in the command if you mean it: exec --backend URL"
        )
    for stack in {options.stack, *_stacks_of(arguments)}:
        if service := secrets_service(project, stack):
            raise CommandError(
                f"{project.stack_file(stack).name} has its secrets sealed by {service!r}: the local cloud asks no such "
                "service. Use `python -m localcloud up`, which takes placeholders, or exec --backend URL"
            )


def _stacks_of(arguments: list[str]) -> Iterator[str]:
    """Yield the stacks that a command line of the official CLI names."""
    if stack := os.environ.get("PULUMI_STACK"):
        yield stack.rpartition("/")[2]
    for word, following in zip(arguments, [*arguments[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        if name in ("-s", "--stack"):
            yield (value if equals else following).rpartition("/")[2]
    if arguments[:2] in (["stack", "select"], ["stack", "init"]) and len(arguments) > 2:
        yield arguments[-1].rpartition("/")[2]


# --- configuration ---------------------------------------------------------------------------------------------------


def _stack_file(options: argparse.Namespace) -> tuple[ProjectFile, StackFile]:
    project = Project(Path.cwd()).file
    return project, StackFile(project, options.stack)


def _config_set(options: argparse.Namespace) -> int:
    project, file = _stack_file(options)
    if options.secret:
        file.check_sealing()
        if options.stack != LOCAL_STACK and passphrase_given() is None and sys.stdin.isatty():
            file = StackFile(project, options.stack, _asked_passphrase(options.stack, new=not file.sealed))
    value = options.value
    if value is None and options.secret and sys.stdin.isatty():
        value = getpass.getpass(f"{project.full_key(options.key)}: ")
    elif value is None:
        value = sys.stdin.read().rstrip("\n")
    file.set(options.key, value, secret=options.secret)
    file.save()
    return 0


def _asked_passphrase(stack: str, *, new: bool) -> str:
    passphrase = getpass.getpass(f"Passphrase of stack {stack!r}: ")
    if not passphrase:
        raise CommandError("an empty passphrase protects nothing")
    if new and getpass.getpass("Again: ") != passphrase:
        raise CommandError("the two passphrases differ")
    return passphrase


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
