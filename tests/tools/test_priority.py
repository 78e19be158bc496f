"""The till comes first where that is allowed, and sells where it is not."""

import os
import subprocess
import sys

ASK = "print(come_first(), os.sched_getscheduler(0) == os.SCHED_RR)"
SETUP = "import os, resource; from kiosk.priority import come_first"
GIVE_UP_RIGHTS = """
resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
"""


def ask(before=""):
    argv = [sys.executable, "-c", f"{SETUP}\n{before}\n{ASK}"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()


def may_come_first():
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, *before)
    return True


def test_a_till_without_the_right_goes_on_with_ordinary_priority():
    assert ask(GIVE_UP_RIGHTS) == ["False", "False"]


def test_a_till_that_may_comes_first():
    allowed = str(may_come_first())
    assert ask() == [allowed, allowed]
