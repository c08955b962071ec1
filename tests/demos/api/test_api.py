"""The named endpoints, as gradio_client and MCP see them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

from tests.demos.pictures import bad_files, drawn, odd_files

NETWORKS = ("captcha-resnet18", "captcha-seq2seq")


@pytest.fixture(scope="module")
def client(server: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(server, verbose=False, download_files=str(tmp_path_factory.mktemp("answers")))


def saved(folder: Path, name: str, data: bytes) -> Any:
    (folder / name).write_bytes(data)
    return handle_file(folder / name)


def test_reads_a_made_captcha(client: Client) -> None:
    made = client.predict("computer", "lato", "plain", 4, "#1f3a5f", "as typed", api_name="/make_captcha")
    assert Image.open(made).size == (192, 48)
    answers = client.predict(handle_file(made), api_name="/read_captcha")
    assert answers["note"] == ""
    for name in NETWORKS:
        answer = answers[name]
        assert answer["text"] == "computer", name
        assert answer["status"] == "ok", name
        shares = [one["probability"] for one in answer["alternatives"]]
        assert len(shares) == 5
        assert shares == sorted(shares, reverse=True)
        assert answer["alternatives"][0] == {"text": answer["text"], "probability": answer["confidence"]}
        assert sum(shares) <= 1.0001
        assert answer["milliseconds"] > 0


def test_reads_what_only_one_network_knows(client: Client, tmp_path: Path) -> None:
    drawn("Giraffe7").save(tmp_path / "word.png")
    answers = client.predict(handle_file(tmp_path / "word.png"), api_name="/read_captcha")
    assert answers["captcha-seq2seq"]["text"] == "Giraffe7"
    assert answers["captcha-resnet18"]["status"] == "unsure", "it is none of the 100 words"


def test_explains_the_text_and_each_character(client: Client, tmp_path: Path) -> None:
    drawn("computer").save(tmp_path / "word.png")
    shown = client.predict(handle_file(tmp_path / "word.png"), "captcha-seq2seq", api_name="/explain_captcha")
    assert [one["caption"] for one in shown] == ["computer", *"computer"]
    pictures = {Image.open(one["image"]).tobytes() for one in shown}
    assert len(pictures) == len(shown), "the text and each character have a map of their own"
    [whole] = client.predict(handle_file(tmp_path / "word.png"), "captcha-resnet18", api_name="/explain_captcha")
    assert whole["caption"] == "computer"


@pytest.mark.parametrize("case", ["lower", "upper", "title", "random"])
def test_case(client: Client, case: str) -> None:
    made = [
        client.predict("computer", "lato", "plain", 0, "#000000", c, api_name="/make_captcha")
        for c in ("as typed", case)
    ]
    same = Image.open(made[0]).tobytes() == Image.open(made[1]).tobytes()
    assert same == (case == "lower") or case == "random"


@pytest.mark.parametrize("name", bad_files())
def test_a_bad_file_gets_one_sentence(client: Client, tmp_path: Path, name: str) -> None:
    file, data, sentence = bad_files()[name]
    with pytest.raises(AppError, match=sentence) as error:
        client.predict(saved(tmp_path, file, data), api_name="/read_captcha")
    assert "\n" not in str(error.value)
    with pytest.raises(AppError, match=sentence):
        client.predict(saved(tmp_path, file, data), NETWORKS[0], api_name="/explain_captcha")


def test_no_picture_gets_one_sentence(client: Client) -> None:
    with pytest.raises(AppError, match="There is no picture"):
        client.predict(None, api_name="/read_captcha")


@pytest.mark.parametrize("name", odd_files("computer"))
def test_an_odd_file_is_read_as_the_plain_one(client: Client, tmp_path: Path, name: str) -> None:
    file, data, note = odd_files("computer")[name]
    answers = client.predict(saved(tmp_path, file, data), api_name="/read_captcha")
    assert note in answers["note"]
    assert [answers[network]["text"] for network in NETWORKS] == ["computer", "computer"]


@pytest.mark.parametrize("text", ["", "two words", "abcdefghijklm", "naïve"])
def test_only_letters_and_digits_are_drawn(client: Client, text: str) -> None:
    with pytest.raises(AppError, match="1 to 12 letters"):
        client.predict(text, "lato", "plain", 4, "#1f3a5f", "as typed", api_name="/make_captcha")


@pytest.mark.parametrize("colour", ["rgba(31.4, 58, 95.2, 1)", "rgb(31, 58, 95)"])
def test_colours_as_the_picker_gives_them(client: Client, colour: str) -> None:
    assert client.predict("bank", "lato", "plain", 4, colour, "upper", api_name="/make_captcha")


def test_a_colour_that_is_none(client: Client) -> None:
    with pytest.raises(AppError, match="Choose a colour"):
        client.predict("bank", "lato", "plain", 4, "reddish", "upper", api_name="/make_captcha")


def test_only_networks_of_the_page_are_loaded(client: Client, tmp_path: Path) -> None:
    drawn("bank").save(tmp_path / "word.png")
    with pytest.raises(AppError, match="There is no network"):
        client.predict(handle_file(tmp_path / "word.png"), "../checkpoints", api_name="/explain_captcha")


def test_a_file_of_the_server_is_not_read(client: Client) -> None:
    with pytest.raises(AppError):
        client.predict(
            {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}, "orig_name": "a.png"},
            api_name="/read_captcha",
        )


ENDPOINTS = {
    "read_captcha",
    "explain_captcha",
    "make_captcha",
    "read_glyph",
    "read_drawing",
    "read_letter",
    "read_pictures",
    "read_persian",
    "make_persian",
    "make_word",
    "read_words",
}


def test_only_the_named_endpoints_are_public(client: Client) -> None:
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {f"/{name}" for name in ENDPOINTS}
    assert "every network" in endpoints["/read_captcha"]["description"]


def test_mcp_offers_the_endpoints_as_tools(server: str) -> None:
    async def tools() -> dict[str, Any]:
        async with (
            streamable_http_client(f"{server}/gradio_api/mcp/") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return {tool.name: tool for tool in (await session.list_tools()).tools}

    with ThreadPoolExecutor() as thread:  # a loop of its own, whatever runs in this one
        found = thread.submit(asyncio.run, tools()).result()
    assert set(found) == ENDPOINTS
    schema = found["make_captcha"].inputSchema["properties"]
    assert set(schema) == {"text", "font", "background", "noise", "ink", "case"}
    assert "1 to 12 letters" in schema["text"]["description"]
    assert found["read_captcha"].description.startswith("Reads the text of a captcha")
