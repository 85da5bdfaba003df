"""Which handler a path finds."""

from __future__ import annotations

import pytest

from wlinfra.emulation import ManualClock, Match, Miss, Request, Response, Routes


def _handler(_request: Request) -> Response:
    return Response()


@pytest.fixture
def routes() -> Routes:
    made = Routes()
    for method, template in (
        ("GET", "/things"),
        ("POST", "/things"),
        ("GET", "/things/stats"),
        ("GET", "/things/{id}"),
        ("GET", "/things/{id}/parts/{part}"),
        ("GET", "/proxy/{id}/{path...}"),
    ):
        made.add(method, template, _handler)
    return made


@pytest.mark.parametrize(
    ("path", "template", "params"),
    [
        ("/things", "/things", {}),
        ("/things/", "/things", {}),
        ("/things/stats", "/things/stats", {}),
        ("/things/a%2Fb", "/things/{id}", {"id": "a/b"}),
        ("/things/7/parts/x/", "/things/{id}/parts/{part}", {"id": "7", "part": "x"}),
        ("/proxy/7", "/proxy/{id}/{path...}", {"id": "7", "path": ""}),
        ("/proxy/7/v1/chat", "/proxy/{id}/{path...}", {"id": "7", "path": "v1/chat"}),
    ],
)
def test_path_finds_its_route(routes: Routes, path: str, template: str, params: dict[str, str]) -> None:
    found = routes.find("GET", path)

    assert isinstance(found, Match)
    assert (found.route.template, found.params) == (template, params)


def test_miss_says_what_would_be_right(routes: Routes) -> None:
    assert routes.find("DELETE", "/things") == Miss(allowed=("GET", "POST"))
    assert routes.find("GET", "/thing") == Miss(similar=("/things", "/things/{id}", "/things/stats"))


def test_route_is_added_once(routes: Routes) -> None:
    with pytest.raises(ValueError, match="already served"):
        routes.add("GET", "/things", _handler)


def test_clock_only_moves_forward() -> None:
    clock = ManualClock(100.0)
    clock.advance(5)

    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)
    assert clock.now() == 105.0
