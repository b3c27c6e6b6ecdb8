"""What the gateway says of a request that it could not serve."""

from typing import TypeVar

from .models import Problem

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
        return f"{self.problem.detail} (request {self.problem.request_id})"


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
