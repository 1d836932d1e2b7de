"""Tasks that hang on one another: a graph of steps, submitted to the workers as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transforms.contracts.records import TaskResult

if TYPE_CHECKING:
    from distributed import Client, Future


@dataclass(frozen=True, eq=False)
class Step:
    """A function of a module and its arguments, all picklable; an argument may be another Step or a tuple that holds some.

    The function is called with the results of those. Steps are the same where they are one object: it runs once, whatever hangs on it.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


#: A worker's task: its last function returns a TaskResult.
Task = tuple[Callable[..., TaskResult], tuple[Any, ...]] | Step


def submit(client: Client, tasks: Sequence[Task]) -> tuple[list[Future], list[list[Future]]]:
    """Futures of ``tasks``, and for each task those of the steps that it hangs on and no task before it does.

    Results go from worker to worker; an error of a step is the error of all that hangs on it.
    """
    known: dict[int, Future] = {}
    last, inner = [], []
    steps = [task if isinstance(task, Step) else Step(*task) for task in tasks]
    for step in steps:
        before = len(known)
        last.append(_submitted(client, step, known))
        inner.append([future for future in list(known.values())[before:] if future is not last[-1]])
    return last, inner


def _submitted(client: Client, step: Step, known: dict[int, Future]) -> Future:
    if id(step) not in known:
        arguments = [_argument(client, argument, known) for argument in step.arguments]
        known[id(step)] = client.submit(step.function, *arguments, pure=False)
    return known[id(step)]


def _argument(client: Client, argument: object, known: dict[int, Future]) -> object:
    if isinstance(argument, Step):
        return _submitted(client, argument, known)
    if isinstance(argument, tuple) and any(isinstance(part, Step) for part in argument):
        return tuple(_argument(client, part, known) for part in argument)
    return argument


def run_here(step: Step) -> Any:
    """The result of ``step``, it and all that it hangs on run in this process."""
    known: dict[int, Any] = {}

    def argument(part: object) -> object:
        if isinstance(part, Step):
            return result(part)
        if isinstance(part, tuple) and any(isinstance(one, Step) for one in part):
            return tuple(argument(one) for one in part)
        return part

    def result(one: Step) -> Any:
        if id(one) not in known:
            known[id(one)] = one.function(*(argument(part) for part in one.arguments))
        return known[id(one)]

    return result(step)
