"""`python -m operations`."""

import os
import sys

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # gRPC's own notes on closing connections aren't for a person

from operations.cli import main  # gRPC reads the variable when it is imported

if __name__ == "__main__":
    sys.exit(main())
