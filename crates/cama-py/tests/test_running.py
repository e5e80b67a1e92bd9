"""Work that takes time: other threads go on, Ctrl-C is heard, forks live, progress is shown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from conftest import QUICK, patients

from cama import CamaClassifier, CamaWarning

LONG = """
import signal, time, os, threading
import numpy as np
from cama import CamaClassifier
rng = np.random.default_rng(0)
X, y = rng.random((600, 28, 28)), np.arange(600) % 10
sent = []
def send():
    time.sleep(2.0)
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=send).start()
try:
    CamaClassifier(settings={"train.epochs": 1000}).fit(X, y)
except KeyboardInterrupt:
    print(time.monotonic() - sent[0])
"""


def test_ctrl_c_ends_a_fit_within_a_second():
    done = subprocess.run([sys.executable, "-c", LONG], capture_output=True, text=True, timeout=120)
    assert done.stdout, done.stderr
    assert float(done.stdout) < 1.0


def test_other_threads_go_on_while_it_fits():
    X, y = patients(180, 0)
    model = CamaClassifier(settings={**QUICK, "train.epochs": 60}, generator="network", random_state=0)
    thread = threading.Thread(target=model.fit, args=(X, y))
    thread.start()
    beats = 0
    while thread.is_alive():
        time.sleep(0.01)
        beats += 1
    assert beats > 5 and model.score(X, y) > 0.8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_after_threads_have_started_predicts_too(table_model):
    X, _ = patients(200, 1)
    expected = table_model.predict_proba(X)
    child = os.fork()
    if child == 0:
        same = np.array_equal(table_model.predict_proba(X), expected)
        os._exit(0 if same else 1)
    for _ in range(600):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            assert os.waitstatus_to_exitcode(status) == 0
            break
        time.sleep(0.1)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the forked process hangs")


def test_the_number_of_threads_changes_nothing():
    X, y = patients(150, 0)
    of = lambda n: CamaClassifier(settings=QUICK, generator="network", random_state=0, n_jobs=n).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(of(1), of(2))
    np.testing.assert_array_equal(of(-1), of(None))


def test_seeds_decide(table_model):
    X, y = patients(150, 0)
    of = lambda state: CamaClassifier(settings=QUICK, generator="network", random_state=state).fit(X, y).predict_proba(X)
    assert np.array_equal(of(1), of(1)) and not np.array_equal(of(1), of(2))
    assert np.array_equal(of(np.random.RandomState(4)), of(np.random.RandomState(4)))


def test_progress_is_shown_where_it_is_asked_for(capfd):
    X, y = patients(150, 0)
    CamaClassifier(settings=QUICK, generator="network", verbose=True).fit(X, y)
    shown = capfd.readouterr().err
    assert "training" in shown and "dreaming" in shown and "100%" in shown
    CamaClassifier(settings=QUICK, generator="network").fit(X, y)
    assert capfd.readouterr().err == ""


def test_notices_are_warnings():
    X, y = patients(60, 0)
    with pytest.warns(CamaWarning, match="too few for a guard"):
        CamaClassifier(settings=QUICK, generator="factor").fit(X, y)


def test_errors_of_the_listener_end_the_work():
    X, y = patients(60, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CamaWarning, match="too few for a guard"):
            CamaClassifier(settings=QUICK, generator="factor").fit(X, y)
