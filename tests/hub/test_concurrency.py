"""Several workers on one store: a kiosk's batch takes effect once, whoever gets it."""

import multiprocessing
import threading
from pathlib import Path

import pytest
from hub_books import Hub, LaneTwin, books, make_hub, open_hub

from hub.intake.arrivals import Message
from hub.life import LifeFile
from hub.store.database import open_store

WORKERS = 4


def test_threads_that_get_the_same_batches_apply_them_once(hub: Hub, till: LaneTwin) -> None:
    for _ in range(40):
        till.sell()
    start = threading.Barrier(WORKERS)
    failures: list[BaseException] = []

    def work() -> None:
        worker = make_hub(hub.store, hub.life)
        start.wait()
        try:
            for first in range(1, 41, 4):
                worker.take(till.message(first, 4), till.message(max(1, first - 3), 4))
            worker.take(till.message())
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = books(hub.store)
    assert found["stock"][0][7] == 40
    assert len(found["facts"]) == len(found["receipts"]) == 40
    assert found["quarantine"] == found["exceptions"] == []


def work_alone(url: str, state: str, messages: list[Message], start: "multiprocessing.synchronize.Barrier") -> None:
    store, life = open_store(url), LifeFile(Path(state) / "incarnation.json")
    worker = make_hub(store, life)
    start.wait()
    for message in messages:
        worker.take(message)
    store.close()
    life.close()


@pytest.mark.parametrize("sites", [1, 2])
def test_processes_that_get_the_same_batches_apply_them_once(books_url: str, tmp_path: Path, sites: int) -> None:
    twins = [LaneTwin(epoch=epoch) for epoch in range(1, sites + 1)]
    for twin in twins:
        for _ in range(30):
            twin.sell()
    messages = [twin.message(first, 5) for first in range(1, 31, 5) for twin in twins]
    with open_hub(books_url, tmp_path / "state") as hub:
        spawn = multiprocessing.get_context("spawn")
        start = spawn.Barrier(2)
        processes = [
            spawn.Process(target=work_alone, args=(books_url, str(tmp_path / f"state-{n}"), messages, start))
            for n in range(2)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0]
        hub.take(*messages)
        found = books(hub.store)
    assert len(found["facts"]) == len(found["receipts"]) == 30 * sites
    assert found["stock"][0][7] == 30 * sites
    assert found["exceptions"] == []
