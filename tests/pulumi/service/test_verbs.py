"""Every question of the protocol, over a real connection, to a bridge that does what the properties ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb
from support.pulumi_fake_bridge import FakeBridge, shown
from support.pulumi_protocol import PROVIDER, Client, details_of, refusal, service_over, tree

from wlinfra.pulumi.contract import SecretValue
from wlinfra.pulumi.service.codec import decode
from wlinfra.values import UNKNOWN


@pytest.fixture
def bridge() -> FakeBridge:
    return FakeBridge()


@pytest.fixture
def client(bridge: FakeBridge) -> Iterator[Client]:
    with service_over(lambda: bridge, engine="127.0.0.1:1", schema='{"name": "wlinfra"}') as client:
        yield client


def read(struct: Any) -> Any:
    return shown(decode(struct))


def test_the_handshake_takes_secrets_and_no_other_special_values(client: Client) -> None:
    assert client.handshake() == pb.ProviderHandshakeResponse(accept_secrets=True)


def test_what_needs_no_bridge_opens_none() -> None:
    def never() -> FakeBridge:
        raise AssertionError

    with service_over(never, schema='{"name": "wlinfra"}') as client:
        client.handshake()
        assert client.stub.GetPluginInfo(Empty()).version == "1.2.3"
        assert client.stub.GetSchema(pb.GetSchemaRequest()).schema == '{"name": "wlinfra"}'
        assert client.stub.GetMapping(pb.GetMappingRequest(key="terraform")) == pb.GetMappingResponse()
        client.cancel()


@pytest.mark.parametrize("verb", ["Construct", "Call", "Parameterize"])
def test_what_the_provider_has_not_is_unimplemented(client: Client, verb: str) -> None:
    caught = refusal(lambda: getattr(client.stub, verb)(getattr(pb, f"{verb}Request")()))
    assert caught.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "wlinfra" in caught.details()


# ---------------------------------------------------------------- configuration


def test_configuration_is_checked_without_the_engines_own_keys(client: Client, bridge: FakeBridge) -> None:
    news = tree({"endpoint": "x", "misspelt": 1, "version": "1.2.3", "__internal": {}, "pluginDownloadURL": "u"})
    answer = client.stub.CheckConfig(pb.CheckRequest(urn=PROVIDER, news=news))
    assert bridge.asked == [("check_config", {"endpoint": "x", "misspelt": 1})]
    assert [(one.property, one.reason) for one in answer.failures] == [("misspelt", "There is no such option.")]


def test_another_configuration_differs_and_replaces_nothing(client: Client) -> None:
    answer = client.stub.DiffConfig(
        pb.DiffRequest(urn=PROVIDER, old_inputs=tree({"endpoint": "a"}), news=tree({"endpoint": "b"}))
    )
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert list(answer.detailedDiff) == ["endpoint"]
    assert list(answer.replaces) == []


@pytest.mark.parametrize(
    ("identity", "known"),
    [("7c9e6679", "7c9e6679"), ("", ""), ("unconfigured", ""), ("04da6b54-80e4-46f7-96ec-b56ff0331ba9", "")],
)
def test_the_place_is_that_of_the_providers_urn(client: Client, bridge: FakeBridge, identity: str, known: str) -> None:
    client.configure({"endpoint": "emulator", "token": SecretValue("s3cret")}, identity=identity)
    assert bridge.place is not None
    assert (bridge.place.project, bridge.place.stack, bridge.place.name) == ("shop", "dev", "default_1_2_3")
    assert bridge.place.id == known
    assert shown(dict(bridge.place.config)) == {"endpoint": "emulator", "token": ("secret", "s3cret")}


def test_missing_configuration_is_named_for_the_engine_to_explain(client: Client) -> None:
    caught = refusal(lambda: client.configure({}))
    assert caught.code() == grpc.StatusCode.INVALID_ARGUMENT
    missing = details_of(caught, pb.ConfigureErrorMissingKeys).missingKeys
    assert [(one.name, one.description) for one in missing] == [("wlinfra:endpoint", "where the platform answers")]


def test_an_engine_that_sends_no_urn_is_too_old(client: Client) -> None:
    caught = refusal(lambda: client.stub.Configure(pb.ConfigureRequest(args=tree({"endpoint": "x"}))))
    assert caught.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "too old for wlinfra" in caught.details()


# ---------------------------------------------------------------- check and diff


def test_a_check_gives_the_inputs_and_names_nested_paths(client: Client, bridge: FakeBridge) -> None:
    answer = client.check({"wrong": True, "size": 2, "later": UNKNOWN})
    assert read(answer.inputs) == {"wrong": True, "size": 2, "later": UNKNOWN}
    assert [one.property for one in answer.failures] == ['containers[0].env["a.b"].value']
    assert bridge.asked == [("check", [None, {"wrong": True, "size": 2, "later": UNKNOWN}])]


def test_a_check_of_a_resource_that_exists_has_its_old_inputs(client: Client, bridge: FakeBridge) -> None:
    client.check({"size": 2}, {"size": 1})
    assert bridge.asked == [("check", [{"size": 1}, {"size": 2}])]


def test_an_asset_is_refused_at_its_path_before_the_bridge_is_asked(client: Client, bridge: FakeBridge) -> None:
    asset = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "FROM scratch"}
    answer = client.check({"containers": [{"dockerfile": asset}]})
    assert [one.property for one in answer.failures] == ["containers[0].dockerfile"]
    assert bridge.asked == []


def test_no_call_is_no_difference(client: Client) -> None:
    answer = client.diff({"size": 1})
    assert answer.changes == pb.DiffResponse.DIFF_NONE
    assert answer.hasDetailedDiff
    assert not answer.detailedDiff


def test_every_kind_of_difference_has_its_word_and_only_some_replace(client: Client) -> None:
    differences = [
        ["description", "update", False, True],
        ["containers[0].port", "add", False, False],
        ["containers[0].env", "delete", False, True],
        ["type", "update", True, True],
        ['["odd.key"].a', "add", True, True],
        ["containers[1]", "delete", True, True],
    ]
    answer = client.diff({"differences": differences, "deletesFirst": True})
    kinds = pb.PropertyDiff
    assert {path: (one.kind, one.inputDiff) for path, one in answer.detailedDiff.items()} == {
        "description": (kinds.UPDATE, True),
        "containers[0].port": (kinds.ADD, False),
        "containers[0].env": (kinds.DELETE, True),
        "type": (kinds.UPDATE_REPLACE, True),
        '["odd.key"].a': (kinds.ADD_REPLACE, True),
        "containers[1]": (kinds.DELETE_REPLACE, True),
    }
    assert list(answer.diffs) == ["description", "containers", "type", "odd.key"]
    assert list(answer.replaces) == ["type", "odd.key", "containers"]
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert answer.deleteBeforeReplace


def test_a_change_without_a_path_leaves_what_is_shown_to_the_engine(client: Client) -> None:
    answer = client.diff({"changes": True})
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert not answer.hasDetailedDiff


def test_a_diff_has_the_record_and_what_is_ignored(client: Client, bridge: FakeBridge) -> None:
    client.diff({"size": 2}, inputs={"size": 1}, outputs={"record": SecretValue("{}")}, ignored=("size",))
    assert bridge.asked == [("diff", ["id-1", {"size": 1}, {"record": ("secret", "{}")}, {"size": 2}, ["size"]])]


# ---------------------------------------------------------------- create, update, read, delete


def test_a_preview_of_a_create_tells_what_is_known(client: Client) -> None:
    answer = client.create({"size": 2, "token": SecretValue(UNKNOWN)}, preview=True)
    assert answer.id == ""
    assert read(answer.properties) == {"size": 2, "token": ("secret", UNKNOWN), "endpoint": UNKNOWN}


def test_a_create_returns_id_and_outputs_in_its_time(client: Client, bridge: FakeBridge) -> None:
    answer = client.create({"size": 2, "token": SecretValue("s3cret")}, timeout=90)
    assert answer.id == "id-1"
    assert read(answer.properties) == {"size": 2, "token": ("secret", "s3cret"), "endpoint": "http://1"}
    assert bridge.asked == [
        ("create", ["wlinfra:index:Workload", "chat", {"size": 2, "token": ("secret", "s3cret")}, 90])
    ]


def test_what_is_created_and_not_ready_keeps_its_id_outputs_and_inputs(client: Client) -> None:
    caught = refusal(
        lambda: client.create({"reasons": ["no GPU is free", "image not found"], "token": SecretValue("s3cret")})
    )
    assert caught.code() == grpc.StatusCode.UNKNOWN
    assert caught.details() == "chat exists and is not ready."
    left = details_of(caught, pb.ErrorResourceInitFailed)
    assert left.id == "id-1"
    assert list(left.reasons) == ["no GPU is free", "image not found"]
    assert read(left.properties)["endpoint"] == "http://1"
    assert read(left.inputs)["token"] == ("secret", "s3cret")


def test_a_preview_of_an_update_keeps_what_is_known(client: Client) -> None:
    answer = client.update({"size": 3}, outputs={"endpoint": "http://1"}, preview=True)
    assert read(answer.properties) == {"endpoint": "http://1", "size": 3, "version": UNKNOWN}


def test_an_update_has_record_ignored_paths_and_time(client: Client, bridge: FakeBridge) -> None:
    answer = client.update({"size": 3}, inputs={"size": 1}, outputs={"endpoint": "e"}, ignored=("size",), timeout=5)
    assert read(answer.properties) == {"endpoint": "e", "size": 3}
    assert bridge.asked == [("update", ["id-1", {"size": 1}, {"endpoint": "e"}, {"size": 3}, ["size"], 5])]


def test_an_update_that_is_not_ready_keeps_the_new_inputs(client: Client) -> None:
    caught = refusal(lambda: client.update({"size": 3, "reasons": ["still rolling"]}, inputs={"size": 1}))
    left = details_of(caught, pb.ErrorResourceInitFailed)
    assert (left.id, list(left.reasons), read(left.inputs)["size"]) == ("id-1", ["still rolling"], 3)


def test_a_read_returns_inputs_and_outputs(client: Client, bridge: FakeBridge) -> None:
    answer = client.read("id-1", inputs={"name": "old"}, outputs={"size": 1}, timeout=7)
    assert (answer.id, read(answer.inputs), read(answer.properties)) == (
        "id-1",
        {"name": "live"},
        {"name": "live", "size": 2},
    )
    assert bridge.asked == [("read", ["id-1", {"name": "old"}, {"size": 1}, 7])]


def test_what_is_gone_is_an_answer_without_anything(client: Client) -> None:
    answer = client.read("gone")
    assert answer == pb.ReadResponse()
    assert not answer.HasField("properties")
    assert not answer.HasField("inputs")


def test_a_read_of_what_is_not_ready_has_its_live_inputs(client: Client) -> None:
    caught = refusal(lambda: client.read("id-1", inputs={"reasons": ["crashes"]}))
    left = details_of(caught, pb.ErrorResourceInitFailed)
    assert (left.id, read(left.inputs), list(left.reasons)) == ("id-1", {"name": "live"}, ["crashes"])


def test_a_delete_has_the_record(client: Client, bridge: FakeBridge) -> None:
    assert client.delete("id-1", inputs={"size": 1}, outputs={"endpoint": "e"}, timeout=3) == Empty()
    assert bridge.asked == [("delete", ["id-1", {"size": 1}, {"endpoint": "e"}, 3])]


# ---------------------------------------------------------------- functions and lists


def test_a_function_returns_its_result_or_what_is_wrong(client: Client, bridge: FakeBridge) -> None:
    token = "wlinfra:index:getWorkload"
    answer = client.stub.Invoke(pb.InvokeRequest(tok=token, args=tree({"name": "chat"}), preview=True))
    assert read(getattr(answer, "return")) == {"id": "id-1", "name": "chat"}
    assert bridge.asked == [("invoke", [token, {"name": "chat"}, True])]
    wrong = client.stub.Invoke(pb.InvokeRequest(tok=token, args=tree({})))
    assert [(one.property, one.reason) for one in wrong.failures] == [("name", "It is missing.")]


def listed(client: Client, **request: Any) -> tuple[list[tuple[str, str]], str]:
    answers = list(client.stub.List(pb.ListRequest(token="wlinfra:index:Workload", **request)))
    found = [(one.result.id, one.result.name) for one in answers if one.HasField("result")]
    return found, "".join(one.continuation.continuation_token for one in answers)


def test_a_list_returns_all_that_exists(client: Client, bridge: FakeBridge) -> None:
    found, token = listed(client, query=tree({"name": "x"}), limit=3)
    assert found == [("id-0", "name-0"), ("id-1", "name-1"), ("id-2", "name-2")]
    assert token == ""
    assert bridge.asked == [("enumerate", ["wlinfra:index:Workload", {"name": "x"}, 3])]


def test_pages_of_a_list_join_without_a_gap(client: Client) -> None:
    every: list[tuple[str, str]] = []
    token = ""
    for size in (2, 2, 1):
        page, token = listed(client, page_size=2, continuation_token=token)
        assert len(page) == size
        every += page
    assert (every, token) == (listed(client)[0], "")


def test_a_list_by_what_is_not_known_is_not_computed(client: Client, bridge: FakeBridge) -> None:
    answers = list(client.stub.List(pb.ListRequest(token="t", query=tree({"name": UNKNOWN}))))
    assert [one.WhichOneof("response") for one in answers] == ["computed"]
    assert bridge.asked == []


def test_a_list_refuses_a_token_of_another_tool(client: Client) -> None:
    caught = refusal(lambda: listed(client, continuation_token="next"))
    assert caught.code() == grpc.StatusCode.INVALID_ARGUMENT
