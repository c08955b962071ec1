"""Whatever comes in: an answer, or one sentence. A few cases each here; `make fuzz` tries 10,000."""

import io
import os
import string
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demos.api import routes
from demos.api.jobs import Jobs
from demos.api.request import Limits
from zoo.errors import InputError
from zoo.images import preprocess
from zoo.images.files import Files
from zoo.text.alphabets import PRINTABLE, CharTokenizer

PATH = routes.PREFIX + routes.PATH
CASES = int(os.environ.get("FUZZ", "40"))
thoroughly: Callable[..., Any] = settings(
    max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def picture(kind: str, mode: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (13, 17, 4), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("a.png", "folder/b.png", "../c.png"):
            packed.writestr(name, picture("PNG", "RGB"))
    return buffer.getvalue()


PICTURES = [
    picture(kind, mode)
    for kind, modes in {"PNG": ("RGBA", "P", "L"), "JPEG": ("RGB", "CMYK"), "GIF": ("P",), "WEBP": ("RGBA",)}.items()
    for mode in modes
] + [picture("BMP", "RGB"), picture("TIFF", "RGB")]
ARCHIVE = archive()


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """A file with bytes changed, cut short, or made longer."""
    data = bytearray(draw(whole))
    for place, value in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=8)):
        data[place] = value
    end = draw(st.one_of(st.none(), st.integers(0, len(data))))
    return bytes(data[:end]) + draw(st.binary(max_size=8))


@thoroughly
@given(damaged(st.sampled_from(PICTURES)) | st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_a_sentence(data: bytes) -> None:
    try:
        found = preprocess.load(data)
    except InputError as error:
        assert str(error).endswith((".", "'")) and "\n" not in str(error)
    else:
        assert found.rgb.mode == "RGB" and min(found.rgb.size) >= preprocess.MIN_SIDE


@thoroughly
@given(damaged(st.just(ARCHIVE)))
def test_any_zip_is_read_or_a_sentence(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pictures.zip"
        path.write_bytes(data)
        try:
            files = Files(path)
            for name in files.names():
                assert ".." not in name.split("/")
                try:
                    assert isinstance(files.read(name), bytes)
                except (InputError, FileNotFoundError) as error:
                    assert "\n" not in str(error).replace(name, "")
        except InputError as error:
            assert "\n" not in str(error)


@thoroughly
@given(st.text(alphabet=PRINTABLE, max_size=60), st.lists(st.integers(0, len(PRINTABLE) + 2), max_size=60))
def test_tokens_are_texts_and_back(text: str, tokens: list[int]) -> None:
    tokenizer = CharTokenizer(PRINTABLE)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    told = [token for token in tokens if token != tokenizer.bos]
    assert set(tokenizer.decode(told)) <= set(PRINTABLE)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Starlette:
    """The interface for programs, which takes little at once, and whose jobs nobody does."""
    limits = Limits(upload=20_000, unpacked=30_000, count=5, pixels=6_000, waiting=10**6)
    return Starlette(routes=[routes.mount(Jobs(tmp_path_factory.mktemp("jobs"), limits))])


@pytest.fixture(scope="module")
def client(app: Starlette) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def described(app: Starlette) -> Any:
    """The interface as its own OpenAPI document describes it."""
    return schemathesis.openapi.from_asgi("/v2/openapi.json", app)


@pytest.mark.parametrize("mode", GenerationMode)
@thoroughly
@given(st.data())
def test_the_interface_is_as_it_describes_itself(described: Any, mode: GenerationMode, data: st.DataObject) -> None:
    """Statuses, types and bodies are those that it names, whether or not what was sent fits the description."""
    case = data.draw(described.as_strategy(generation_mode=mode))
    case.call_and_validate(excluded_checks=[positive_data_acceptance])  # not all that fits makes sense


WORDS = st.sampled_from(["dataset", "embedder", "layout", "rows", "cols", "captchas", "sorted", "colour", "-1", "9e9"])
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), WORDS)
NAMES = st.text(string.ascii_letters + string.digits + "-_.~%", min_size=1, max_size=40)


@thoroughly
@given(
    st.one_of(
        st.builds(lambda fields: {"json": fields}, st.dictionaries(WORDS | st.text(max_size=9), VALUES, max_size=5)),
        st.builds(
            lambda kind, body: {"headers": {"content-type": kind}, "content": body},
            st.sampled_from(
                ["application/json", "multipart/form-data", "multipart/form-data; boundary=x", "text/plain"]
            ),
            st.binary(max_size=300),
        ),
        st.builds(
            lambda body, fields: {"files": {"file": ("p.zip", body, "application/zip")}, "data": fields},
            damaged(st.just(ARCHIVE)),
            st.dictionaries(WORDS, WORDS, max_size=3),
        ),
    ),
    NAMES,
)
@example({"json": {"\n": None}}, "a")
def test_any_request_is_answered_in_a_sentence(client: TestClient, sent: dict[str, Any], name: str) -> None:
    try:
        answers = [client.post(PATH, **sent)]
    except ValueError:  # NaN and infinity are no JSON
        answers = []
    answers += [client.get(f"{PATH}/{name}"), client.get(f"{PATH}/{name}/{name}")]
    for answer in answers:
        assert answer.status_code in (202, 400, 404, 405, 413, 429), answer.text
        if answer.status_code >= 400 and answer.headers["content-type"].startswith("application/json"):
            assert "\n" not in answer.json()["error"] and answer.json()["error"].endswith(".")
