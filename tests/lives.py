"""Random lives by hypothesis, in the test's transaction."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from gridt.runtime.extensions import db
from tests.conftest import Clock


class Life(RuleBasedStateMachine):
    """Acts of people, one rule after another.

    The next life starts where this one did.
    """

    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = db.engine.begin_nested()
        self.started = self.clock.now

    def teardown(self) -> None:
        db.session.remove()
        self.savepoint.rollback()
        self.clock.now = self.started


def live(life: type[Life], clock: Clock, lives: int, steps: int) -> None:
    """Run a number of lives of at most some steps.

    Fail with the shortest that goes wrong.
    """
    run_state_machine_as_test(
        type(life.__name__, (life,), {"clock": clock}),
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            deadline=None,  # shared machines can be slow
            suppress_health_check=[HealthCheck.too_slow],
            print_blob=True,
        ),
    )
