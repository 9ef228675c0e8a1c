"""Find the servers that the tests need, and as root install those that aren't there."""

import sys

from tests.servers.programs import PROGRAMS, ServerMissingError, install


def main() -> int:
    """Run it."""
    try:
        install()
    except ServerMissingError as error:
        print(error, file=sys.stderr)
        return 1
    for program in PROGRAMS:
        print(f"{program.name}: {program.need()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
