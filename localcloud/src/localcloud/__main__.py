"""`python -m localcloud`."""

import os
import sys

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # gRPC's own notes on closing connections aren't for a person

from localcloud.cli import main  # gRPC reads the variable when it is imported

if __name__ == "__main__":
    sys.exit(main())
