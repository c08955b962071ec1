"""Arrangements over HTTP: asked for, refused, computed in the background, and finished after everything was killed."""

import io
import os
import signal
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import uvicorn
from huggingface_hub import constants
from PIL import Image
from starlette.applications import Starlette

from demos.api import jobs as jobs_module
from demos.api import routes, worker
from demos.api.jobs import TRIES, Jobs
from demos.api.request import Limits, Request
from demos.grid_view import sets
from tests.conftest import Hub, new_home
from tests.demos.conftest import free_port, serving
from tests.demos.pictures import bomb
from zoo.images import files

PATH = routes.PREFIX + routes.PATH
LIMITS = Limits(upload=200_000, unpacked=300_000, count=20, pixels=60_000, waiting=2)


def zipped(count: int, side: int = 24, seed: int = 0, **others: bytes) -> bytes:
    """A zip of noise of `count` hues, and other files by their names."""
    rng, buffer = np.random.default_rng(seed), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(count):
            picture = io.BytesIO()
            hue, noise = rng.integers(30, 220, 3), rng.normal(0, 12, (side, side, 3))
            Image.fromarray((hue + noise).clip(0, 255).astype(np.uint8)).save(picture, "PNG")
            archive.writestr(f"{i:04}.png", picture.getvalue())
        for name, content in others.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "jobs", LIMITS)


@pytest.fixture
def client(jobs: Jobs) -> Iterator[httpx2.Client]:
    """Of a server that takes little; nothing computes its jobs unless a test does."""
    app = Starlette(routes=[routes.mount(jobs)])
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        yield client
    server.should_exit = True
    thread.join(10)


def post(client: httpx2.Client, content: bytes, **fields: str) -> httpx2.Response:
    return client.post(PATH, files={"file": ("pictures.zip", content, "application/zip")}, data=fields)


def compute(jobs: Jobs) -> None:
    """What a worker does until no job is left."""
    while job := jobs.claim():
        worker.compute(jobs, job)


def test_a_zip_becomes_a_picture_a_page_and_a_table(client: httpx2.Client, jobs: Jobs) -> None:
    odd = {"../out.png": b"leads out", "notes.txt": b"text", "broken.png": b"no picture"}
    content = zipped(9, **odd)
    answer = post(client, content, layout="sorted", embedder="colour")
    assert answer.status_code == 202
    output = answer.json()["output"]
    assert output == {"id": output["id"], "status": "pending"}
    address = f"{PATH}/{output['id']}"
    assert client.get(address).json() == answer.json()
    assert client.get(f"{address}/image.jpg").status_code == 404
    compute(jobs)
    output = client.get(address).json()["output"]
    data = output["data"]
    assert output["status"] == "done" and data["pictures"] == 9 and data["rows"] * data["cols"] >= 9
    assert set(data["skipped"]) == set(odd) and 0 < data["quality"]["dpq16"] <= 1
    image = client.get(data["image"]["url"])
    assert Image.open(io.BytesIO(image.content)).format == "JPEG" and image.headers["content-type"] == "image/jpeg"
    assert "0008.png" in client.get(data["page"]["url"]).text
    assert len(client.get(data["table"]["url"]).text.splitlines()) == 10
    again = post(client, content, layout="sorted", embedder="colour")
    assert again.status_code == 202 and again.json()["output"] == output, "the same is not computed again"
    assert not jobs.claim() and not list(jobs.uploads.iterdir())
    assert post(client, content, layout="tsne", embedder="colour").json()["output"]["id"] != output["id"]


def test_a_set_by_its_name(client: httpx2.Client, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "COUNT", 60)
    answer = client.post(PATH, json={"dataset": "digits", "embedder": "colour", "layout": "sorted", "rows": 10})
    assert answer.status_code == 202
    compute(jobs)
    output = client.get(f"{PATH}/{answer.json()['output']['id']}").json()["output"]
    assert output["status"] == "done" and output["data"]["rows"] == 10 and output["data"]["pictures"] == 60


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Send either a zip"),
        ({"dataset": "../../etc"}, "There is no dataset '../../etc'"),
        ({"dataset": "digits", "layout": "spiral"}, "There is no layout 'spiral'"),
        ({"dataset": "digits", "embedder": "resnet50"}, "There is no embedder 'resnet50'"),
        ({"dataset": "digits", "rows": "many"}, "rows is a whole number"),
        ({"dataset": "digits", "cols": 0}, "cols is a whole number"),
        ({"dataset": "digits", "layout": []}, "There is no layout '[]'"),
        ({"dataset": "digits", "rows": False}, "rows is a whole number"),
        ({"dataset": "digits", "cols": ""}, "cols is a whole number"),
        ({"dataset": "digits", "cols": "40"}, "cols is a whole number"),
        ({"dataset": "digits", "layout": None}, "'layout' is a text"),
        ({"dataset": "digits", "size": 9}, "There is no option 'size'"),
        ({"dataset": "digits", "rows": 1000, "cols": 1000}, "A grid of 1000 × 1000 is too large for 1024 pictures"),
        ({"dataset": "digits", "rows": 1}, "A grid of 1 × 1024 is too long"),
    ],
)
def test_what_makes_no_sense_is_refused(client: httpx2.Client, fields: dict[str, Any], sentence: str) -> None:
    answer = client.post(PATH, json=fields)
    assert answer.status_code == 400 and answer.json()["error"].startswith(sentence)


def test_a_forms_texts_are_options_too(client: httpx2.Client, jobs: Jobs) -> None:
    fields = {"dataset": "digits", "rows": "40", "cols": "", "layout": ""}
    answer = client.post(PATH, data=fields)
    job = jobs.get(answer.json()["output"]["id"])
    assert answer.status_code == 202 and job and job.request == Request(dataset="digits", rows=40)
    for wrong, sentence in (
        ({"rows": " 40"}, "rows is"),
        ({"rows": "9" * 5000}, "rows is"),
        ({"file": "x"}, "There is"),
    ):
        answer = client.post(PATH, data=fields | wrong)
        assert answer.status_code == 400 and answer.json()["error"].startswith(sentence) and len(answer.text) < 200
    answer = post(client, zipped(1), dataset="digits")
    assert answer.status_code == 400 and answer.json()["error"].startswith("Send either")


def test_the_document_names_each_status_that_there_is(client: httpx2.Client) -> None:
    document = client.get("/v2/openapi.json").json()
    statuses = {
        (method, path): set(operation["responses"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert document["servers"] == [{"url": routes.PREFIX}]
    assert statuses == {
        ("post", "/visualizations"): {"202", "400", "413", "429"},
        ("get", "/visualizations/{key}"): {"200", "404"},
        ("get", "/visualizations/{key}/{name}"): {"200", "404"},
    }
    bodies = document["paths"]["/visualizations"]["post"]["requestBody"]["content"]
    assert bodies.keys() == {"application/json", "multipart/form-data"}
    assert "20 pictures" in bodies["multipart/form-data"]["schema"]["properties"]["file"]["description"]


def test_what_is_no_request_is_refused(client: httpx2.Client, jobs: Jobs) -> None:
    json = {"Content-Type": "application/json"}
    for answer in (
        client.post(PATH, content=b"[1", headers=json),
        client.post(PATH, content=b"[1]", headers=json),
        client.post(PATH, content=b"x", headers={"Content-Type": "multipart/form-data"}),
        client.post(PATH, content=b"x", headers={"Content-Type": "multipart/form-data; boundary=b"}),
        client.post(PATH, content=b"--b\r\n\r\n", headers={"Content-Type": "multipart/form-data; boundary=b"}),
        post(client, b"no zip"),
        post(client, zipped(1).replace(b"PK\1\2", b"PK\1\3")),
        post(client, zipped(1), rows="32", cols="33"),
        post(client, zipped(0, **{"notes.txt": b"text"})),
    ):
        assert answer.status_code == 400 and len(answer.json()["error"]) > 20
    assert not list(jobs.uploads.iterdir())


def test_what_is_too_much_is_refused(client: httpx2.Client, jobs: Jobs) -> None:
    noise = np.random.default_rng(0).bytes(250_000)
    for content, sentence in (
        (zipped(1, **{"noise.bin": noise}), "The upload is larger"),
        (_deflated(400_000), "The zip unpacks to"),
        (zipped(21, 4), "There are 21 pictures"),
        (zipped(2, 200), "The pictures have more than"),
    ):
        answer = post(client, content)
        assert answer.status_code == 413 and answer.json()["error"].startswith(sentence)
    assert not list(jobs.uploads.iterdir()) and not jobs.claim()
    assert post(client, zipped(1)).status_code == post(client, zipped(2)).status_code == 202
    full = post(client, zipped(3))
    assert full.status_code == 429 and full.headers["Retry-After"] and "wait already" in full.json()["error"]
    assert _refused_before_it_is_sent(client) == 429
    assert post(client, zipped(1)).status_code == 429, "it is not looked into"
    assert client.post(PATH, json={"dataset": "digits"}).status_code == 429
    compute(jobs)
    assert post(client, zipped(1)).status_code == 202


def _refused_before_it_is_sent(client: httpx2.Client) -> int:
    """The status of an upload of which nothing but the head was sent."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000\r\n"
    with socket.create_connection(("127.0.0.1", client.base_url.port), timeout=20) as raw:
        raw.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode())
        return int(raw.recv(200).split()[1])


def test_who_asks_for_what_waits_already_is_told_so(jobs: Jobs) -> None:
    job = jobs.submit(Request(dataset="digits"))
    assert Jobs(jobs.home, Limits(waiting=0)).submit(Request(dataset="digits")) == job


def test_a_zip_of_all_that_should_not_be_in_one(
    client: httpx2.Client, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 100_000)
    bad = {"../up.png": "out", "/root.png": "out", "C:/x.png": "out", "a/../../b.png": "out", "c\\..\\..\\d.png": "out"}
    bad |= {"large.png": "larger", "link.png": "link", "broken.png": "not a picture", "torn.png": "damaged"}
    bad |= {"notes.txt": "no picture", "bomb.png": "million pixels"}
    whole = zipped(9)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        good = archive.read("0000.png")
    content = dict.fromkeys(bad, good) | {"broken.png": b"text", "torn.png": b"packed " * 9, "bomb.png": bomb(10_000)}
    buffer = io.BytesIO(whole)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name in set(bad) - {"link.png", "large.png"}:
            archive.writestr(name, content[name])
        archive.writestr("large.png", bytes(100_001))
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        torn = archive.getinfo("torn.png")
    data = bytearray(buffer.getvalue())
    start = torn.header_offset + 30 + len("torn.png")
    data[start : start + 4] = b"\xff" * 4
    before = {path for path in jobs.home.parent.rglob("*") if not path.is_relative_to(jobs.home)}
    key = post(client, bytes(data), layout="sorted", embedder="colour").json()["output"]["id"]
    compute(jobs)
    output = client.get(f"{PATH}/{key}").json()["output"]
    assert output["status"] == "done" and output["data"]["pictures"] == 9
    skipped = output["data"]["skipped"]
    assert set(skipped) == set(bad) and all(why in skipped[name] for name, why in bad.items()), skipped
    after = {path for path in jobs.home.parent.rglob("*") if not path.is_relative_to(jobs.home)}
    assert before == after and sorted(path.name for path in jobs.folder(key).iterdir()) == sorted(worker.FILES)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (Limits(unpacked=1000), "us/er has 0 MB of pictures"),
        (Limits(count=8), "us/er has 9 files"),
        (Limits(pixels=5000), "The pictures have more than 5,000 pixels"),
    ],
)
def test_a_data_set_of_the_hub_has_its_limits(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits, sentence: str
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
    with zipfile.ZipFile(io.BytesIO(zipped(9))) as archive:
        hub.repos["datasets/us/er"] = {name: archive.read(name) for name in archive.namelist()}
    jobs = Jobs(tmp_path / "jobs", limits)
    job = jobs.submit(Request(dataset="us/er"))
    compute(jobs)
    found = jobs.get(job.key)
    assert found and found.status == "error" and found.reason.startswith(sentence), found
    asked = any("/resolve/" in request and request.startswith("GET") for request in hub.requests)
    assert asked == (limits.pixels == 5000), "of what is too much nothing is fetched"


def test_what_nobody_waits_for_is_deleted(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "KEPT", 2)
    monkeypatch.setattr(jobs_module, "KEPT_SETS", 1)
    jobs.limits = Limits()
    done = [jobs.submit(Request(dataset=f"a/{i}")).key for i in range(3)]
    for i, key in enumerate(done):
        jobs.update(key, status="done", made=i)
    waits = jobs.submit(Request(dataset="a/0", layout="tsne")).key
    old = time.time() - 2 * jobs_module.STALE
    there = [jobs.folder(key) for key in (*done, "orphan")] + [jobs.sets / f"a--{i}" for i in range(4)]
    there += [jobs.uploads / name for name in ("1.zip", "killed.part", "comes.part", "drawn.part/page.html")]
    for i, path in enumerate(there):
        path.parent.mkdir(exist_ok=True) if path.suffix else path.mkdir()
        path.touch()
        os.utime(path, (old + i, old + i))
    os.utime(jobs.uploads / "drawn.part", (old, old))
    (jobs.uploads / "comes.part").touch()
    jobs.tidy()
    left = {path.relative_to(jobs.home).as_posix() for path in jobs.home.glob("*/*")}
    assert left == {f"results/{done[1]}", f"results/{done[2]}", "sets/a--0", "sets/a--3", "uploads/comes.part"}
    assert jobs.get(waits) and not jobs.get(done[0])


def test_a_job_that_takes_too_long_is_ended(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    for name, value in (("LONGEST", 0), ("BEAT", 0.01)):
        monkeypatch.setattr(worker, name, value)
    monkeypatch.setattr(worker.os, "_exit", lambda code: ended.set())

    def forever(*_: object) -> None:
        assert ended.wait(10)
        raise SystemExit  # as the whole process would have been

    monkeypatch.setattr(worker, "arrange", forever)
    job = jobs.submit(Request(dataset="digits"))
    with pytest.raises(SystemExit):
        compute(jobs)
    found = jobs.get(job.key)
    assert found and found.status == "error" and found.reason.startswith("It took longer than 0 minutes")


def _deflated(size: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.png", bytes(size))
    return buffer.getvalue()


def test_an_upload_that_hides_its_length_is_cut_off(client: httpx2.Client, jobs: Jobs) -> None:
    port = client.base_url.port
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall(
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode()
        )
        start = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
        raw.sendall(b"%x\r\n%s\r\n" % (len(start), start))
        chunk = b"%x\r\n%s\r\n" % (50_000, bytes(50_000))
        try:
            for _ in range(20):
                raw.sendall(chunk)
        except OSError:
            pass  # the server hung up
        assert b" 413 " in raw.recv(200)
    assert not list(jobs.uploads.iterdir())


def test_an_unknown_id_is_not_found(client: httpx2.Client) -> None:
    for path in ("0" * 24, "nothing", "..%2frequests.sqlite", "a%0Ab", f"{'0' * 24}/image.jpg"):
        answer = client.get(f"{PATH}/{path}")
        assert answer.status_code == 404 and answer.json()["error"].endswith(".")
    assert "post its pictures again" in client.get(f"{PATH}/{'0' * 24}").json()["error"]


def test_a_computation_that_cannot_be_done_gives_its_reason_and_may_be_tried_again(
    client: httpx2.Client, jobs: Jobs
) -> None:
    content = zipped(0, **{"broken.png": b"no picture"})
    key = post(client, content, embedder="colour").json()["output"]["id"]
    compute(jobs)
    output = client.get(f"{PATH}/{key}").json()["output"]
    assert output["status"] == "error" and output["reason"].startswith("None of the 1 pictures can be read")
    assert post(client, content, embedder="colour").json()["output"] == {"id": key, "status": "pending"}


def test_a_job_that_was_lost_is_claimed_again_and_at_last_given_up(jobs: Jobs) -> None:
    job = jobs.submit(Request(dataset="digits"))
    assert jobs.submit(Request(dataset="digits")) == job
    for _ in range(TRIES):
        claimed = jobs.claim()  # by a worker that is killed while it computes
        assert claimed and (claimed.key, claimed.status) == (job.key, "running")
        assert jobs.claim() is None, "its lease still runs"
        jobs.update(job.key, lease=time.time() - 1)
    assert jobs.claim() is None
    found = jobs.get(job.key)
    assert found and found.status == "error" and f"broke off {TRIES} times" in found.reason


def test_a_renewed_lease_keeps_a_job(jobs: Jobs) -> None:
    job = jobs.submit(Request(dataset="digits"))
    assert jobs.claim()
    jobs.update(job.key, lease=time.time() - 1)
    jobs.renew(job.key)
    assert jobs.claim() is None


def test_two_workers_never_claim_the_same_job_and_the_oldest_goes_first(jobs: Jobs) -> None:
    jobs.limits = Limits()
    keys = [jobs.submit(Request(dataset=f"a/{i}")).key for i in range(20)]
    assert (first := jobs.claim()) and first.key == keys[0]

    def work(home: Path) -> list[str]:
        own, claimed = Jobs(home), []
        while job := own.claim():
            claimed.append(job.key)
        return claimed

    with ThreadPoolExecutor(8) as pool:
        claimed = [key for keys in pool.map(work, [jobs.home] * 8) for key in keys]
    assert sorted(claimed) == sorted(keys[1:])


def wait(client: httpx2.Client, address: str, until: Any, seconds: float = 120) -> dict[str, Any]:
    """The visualization's output, once it is as it shall be."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        output: dict[str, Any] = client.get(address).json()["output"]
        if until(output):
            return output
        time.sleep(0.05)
    pytest.fail(f"it stayed {output}")


def children(process: int) -> list[int]:
    """Numbers of the processes that one started."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


@pytest.mark.browser
def test_it_is_finished_though_server_and_worker_were_killed(tmp_path: Path) -> None:
    count, port = 200, free_port()
    env = {"GRADIO_SERVER_PORT": str(port), "GLYPHZOO_HOME": str(new_home(tmp_path / "home")), "OMP_NUM_THREADS": "1"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
        with (
            pytest.raises(AssertionError, match="the server died"),
            serving(["app.py"], port, tmp_path / "first.txt", **env) as server,
        ):
            answer = post(client, zipped(count, 48), layout="sorted", embedder="captcha-seq2seq")
            address = f"{PATH}/{answer.json()['output']['id']}"
            at = wait(client, address, lambda output: output.get("progress", {}).get("done", 0) >= 64)["progress"]
            assert at["stage"] == "embedding" and at["done"] < count
            workers = children(server.pid)
            assert workers
            for process in (server.pid, *workers):
                os.kill(process, signal.SIGKILL)
            server.wait()
        with serving(["app.py"], port, tmp_path / "second.txt", **env):
            assert client.get(address).json()["output"]["status"] == "running"
            output = wait(client, address, lambda o: o["status"] in ("done", "error"))
            assert output["status"] == "done" and output["data"]["pictures"] == count
            assert output["data"]["embedded"] <= count - at["done"], "what was embedded before is not embedded again"
            assert client.get(output["data"]["image"]["url"]).status_code == 200
            assert client.get("/").status_code == 200 and client.get(f"{PATH}/nothing").status_code == 404
