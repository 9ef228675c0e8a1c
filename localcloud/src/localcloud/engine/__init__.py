"""The deployment engine of the local cloud: Pulumi's rules, for when there is no Pulumi CLI.

project = Project("/path/to/project")
stack = project.stack("prod", config={"prod:release": "1.2.3"}, home=tmp_path)
result = stack.up()
assert result.ok, result.errors
"""

from localcloud.engine.config import ConfigError, ProjectFile
from localcloud.engine.result import Result, ResultStep
from localcloud.engine.stack import Project, Stack
from localcloud.engine.state import StateError
from localcloud.engine.watcher import Diagnostic

__all__ = ["ConfigError", "Diagnostic", "Project", "ProjectFile", "Result", "ResultStep", "Stack", "StateError"]
