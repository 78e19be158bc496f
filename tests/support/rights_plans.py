"""What happens in lives that chance alone cannot repeat: drawn beforehand, step by step, from the machine's own rules.

Where threads race, what a rule finds when its turn comes differs from run to run. So nothing is drawn meanwhile: a plan
is rules with their arguments, and a step whose rule cannot be used when its turn comes is left out.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RULE_MARKER, Rule
from rights_rules import ANY, RightsMachine
from rights_settling import settle

MISHAPS: Final = ("cards", "closed", "books", "thieves", "clocks")
RULES: Final[Sequence[Rule]] = [
    getattr(member, RULE_MARKER) for _, member in inspect.getmembers(RightsMachine) if hasattr(member, RULE_MARKER)
]


class Step(NamedTuple):
    """One use of a rule."""

    rule: Rule
    arguments: Mapping[str, Any]

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"machine.{self.rule.function.__name__}({said})"


class Plan(NamedTuple):
    """A life."""

    opening: int
    mishaps: frozenset[str]
    steps: Sequence[Step]


def plans(steps: int) -> st.SearchStrategy[Plan]:
    """Return plans of as many steps, some of which cannot be used when their turn comes.

    None has but a few rules: the simplest plans, which Hypothesis begins with, are lives in which nothing happens.
    """
    each = [st.builds(Step, st.just(rule), st.fixed_dictionaries(dict(rule.arguments))) for rule in RULES]
    drawn = st.lists(st.one_of(*each), min_size=steps, max_size=steps).filter(_is_varied)
    return st.builds(Plan, ANY, st.frozensets(st.sampled_from(MISHAPS)), drawn)


def _is_varied(steps: Sequence[Step]) -> bool:
    return len({step.rule.function.__name__ for step in steps}) > len(RULES) // 2


def live(machine: RightsMachine, plan: Plan) -> int:
    """Live as planned, comparing after every step, to the end; return how many steps there were."""
    done: list[Step] = []
    try:
        machine.open(plan.opening, plan.mishaps)
        machine.nothing_is_promised_twice()
        for step in plan.steps:
            if all(may(machine) for may in step.rule.preconditions):
                done.append(step)
                step.rule.function(machine, **step.arguments)
                machine.nothing_is_promised_twice()
        settle(machine.world, machine.checks)
    except BaseException as error:
        opening = machine.openings[plan.opening % len(machine.openings)].__name__
        error.add_note("\n".join([f"{opening}, {sorted(plan.mishaps)}:", *map(repr, done)]))
        raise
    finally:
        machine.end()
    return len(done)
