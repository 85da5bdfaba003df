"""What stands between us and the API server answers in its own way, and that says nothing about the object."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from support.api_proxy import Harm, Moment, api_proxy
from support.kubernetes_objects import config
from support.scripted_server import Reply, scripted

from wlinfra.provider import Happened, ReadRequest, UnknownOutcome, Unreadable
from wlinfra.testing import Driver, intent_of
from wlinfra_kubernetes.cluster.failures import Failure, failure_of

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]
PAGE = b"<html><head><title>500</title></head>\n<body>Oops,\n <b>something</b> broke</body></html>"
TYPED = "failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.replica: field not declared"


def status(message: str, **more: object) -> bytes:
    return orjson.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, **more})


@pytest.mark.parametrize(
    ("code", "body", "failure"),
    [
        (500, PAGE, Failure.LOST),
        (500, b"", Failure.LOST),
        (500, b'{"message": "upstream broke"}', Failure.LOST),
        (503, b"upstream connect error or disconnect/reset before headers", Failure.LOST),
        (500, status("etcdserver: request timed out"), Failure.BUSY),
        (500, status("Internal error occurred: failed calling webhook", reason="InternalError"), Failure.BUSY),
        (500, status(TYPED), Failure.INVALID),
        (404, b"404 page not found\n", Failure.NO_KIND),
        (404, b"<html>default backend - 404</html>", Failure.BUSY),
    ],
)
def test_only_the_api_server_s_own_words_call_an_object_invalid_or_absent(
    code: int, body: bytes, failure: Failure
) -> None:
    error = failure_of("PATCH", "/api/v1/namespaces/shop/configmaps/one", code, body, {})
    assert error.failure is failure
    assert "\n" not in error.message
    assert "<" not in error.message


@pytest.mark.parametrize("code", [500, 502, 503, 520])
def test_an_answer_of_a_proxy_is_uncertain_and_looked_up(
    drive: Connect, cluster: ClusterHandle, tmp_path: Path, code: int
) -> None:
    from engines.kubernetes.handle import write_kubeconfig

    with api_proxy(cluster.server, cluster.authority) as proxy:
        write_kubeconfig(tmp_path / "config", server=proxy.url, authority=None, token="admin-token")
        driver = drive(kubeconfig=str(tmp_path / "config"))
        (change,) = driver.plan(config(a="1"))
        proxy.reset(Harm(at=1, moment=Moment.AFTER, status=code))
        result = driver.connection.run(change.steps[0])
        assert isinstance(result, UnknownOutcome)
        assert "from something in between" in result.error.detail
        found = driver.connection.recover(intent_of(change, change.steps[0], driver.digest))
        assert isinstance(found, Happened)


def test_a_page_instead_of_an_object_is_no_object(drive: Connect, tmp_path: Path) -> None:
    from engines.kubernetes.handle import write_kubeconfig

    with scripted(Reply(text=PAGE.decode())) as script:
        write_kubeconfig(tmp_path / "config", server=script.url, authority=None, token="any")
        driver = drive(kubeconfig=str(tmp_path / "config"), retries=0)
        (item,) = driver.objects(config(a="1")).values()
        (reading,) = driver.connection.read([ReadRequest(address=item.address, kind=item.kind, name=item.name)])
    assert isinstance(reading, Unreadable)
    assert "not by the API server" in reading.error.detail
