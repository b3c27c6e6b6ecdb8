"""What the gateway says of a request that it could not serve."""

from typing import TypeVar

from .models import Problem
from .types import Unset

T = TypeVar("T")


class ProblemError(Exception):
    """The gateway answered that something is wrong."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem
        """What the gateway said."""

    @property
    def kind(self) -> str:
        """Which kind it is, such as `job-not-found`: the last part of the problem's `type`."""
        return self.problem.type_.rsplit("/", 1)[-1]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    def __str__(self) -> str:
        problem = self.problem
        parts = [] if isinstance(problem.errors, Unset) else problem.errors
        details = "".join(f"; {part.pointer}: {part.detail}" for part in parts)
        return f"{problem.detail}{details} (request {problem.request_id})"


def expect(answer: T | Problem | None) -> T:
    """The answer of an operation, where it is not a problem.

    Raises:
        ProblemError: If it is one.
    """
    if isinstance(answer, Problem):
        raise ProblemError(answer)
    if answer is None:
        raise ValueError("no answer: the client does not raise_on_unexpected_status")
    return answer
