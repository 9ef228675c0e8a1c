"""Unknown values, secrets, resource references and outputs on their way through the engine."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from google.protobuf import struct_pb2  # type: ignore[import-untyped]

from engine.fake import Group, Lab, TestProvider, Thing
from localcloud.engine.values import ARCHIVE, SIGNATURE, from_struct, to_struct


def test_outputs_of_what_is_to_be_created_are_unknown_in_a_preview(lab: Lab) -> None:
    seen: list[bool] = []

    def program() -> None:
        a = Thing("a", size=1)
        a.arn.apply(lambda arn: seen.append(True))
        pulumi.export("arn", a.arn)

    result = lab.stack(program).preview()
    assert seen == []
    assert result.outputs == {"arn": None}


def test_outputs_of_what_exists_are_known_in_a_preview(lab: Lab) -> None:
    def program() -> None:
        pulumi.export("arn", Thing("a", size=1).arn)

    lab.stack(program).up()
    assert lab.stack(program).preview().outputs == {"arn": "arn:a-1"}


def test_an_unknown_input_is_unknown_in_the_preview_of_its_dependent(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=1)
        Thing("b", of=a.arn, size=2)

    result = lab.stack(program).preview()
    assert next(s for s in result.steps if s.name == "b").new_inputs == {
        "of": "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "size": 2,
    }


def test_a_secret_input_is_encrypted_in_state_and_makes_the_output_secret(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", token=pulumi.Output.secret("hush-hush"), nested={"in": [pulumi.Output.secret("deep-down")]})
        pulumi.export("token", a.arn)

    result = lab.stack(program).up()
    assert result.ok
    text = lab.stack().state_file.path.read_text()
    assert "hush-hush" not in text
    assert "deep-down" not in text
    thing = next(r for r in lab.stack().resources() if r.name == "a")
    assert thing.inputs["token"].is_secret and thing.inputs["token"].value == "hush-hush"
    assert thing.outputs["token"].is_secret, "an output of a secret input's name is secret"


def test_what_a_provider_answers_openly_is_as_secret_as_the_input_of_its_name(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", token=pulumi.Output.secret("hush-hush"), size=1, open=True) and None).up()
    thing = next(r for r in lab.stack().resources() if r.name == "a")
    assert thing.outputs["token"].is_secret
    assert not thing.outputs["size"].is_secret
    assert "hush-hush" not in lab.stack().state_file.path.read_text()


def test_additional_secret_outputs_are_secret(lab: Lab) -> None:
    def program() -> None:
        options = pulumi.ResourceOptions(additional_secret_outputs=["arn"])
        pulumi.export("arn", Thing("a", options, size=1).arn)

    result = lab.stack(program).up()
    assert result.outputs == {"arn": "[secret]"}
    assert lab.stack().outputs(show_secrets=True) == {"arn": "arn:a-1"}
    assert "arn:a-1" not in lab.stack().state_file.path.read_text()


def test_a_secret_of_the_provider_reaches_the_program_as_a_secret(lab: Lab) -> None:
    def program() -> None:
        pulumi.export("password", Thing("a", secretOut=True).password)

    assert lab.stack(program).up().outputs == {"password": "[secret]"}
    assert "hunter2" not in lab.stack().state_file.path.read_text()


def test_an_unchanged_secret_keeps_its_ciphertext(lab: Lab) -> None:
    def program(size: int) -> None:
        Thing("a", token=pulumi.Output.secret("x"))
        Thing("b", size=size)

    def sealed() -> object:
        state = json.loads(lab.stack().state_file.path.read_text())
        return next(r for r in state["deployment"]["resources"] if r["urn"].endswith("::a"))["inputs"]["token"]

    lab.stack(lambda: program(1)).up()
    before = sealed()
    lab.stack(lambda: program(2)).up()
    assert sealed() == before


def test_a_value_that_becomes_secret_is_no_change_but_is_encrypted(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", token="plain-text") and None).up()
    result = lab.stack(lambda: Thing("a", token=pulumi.Output.secret("plain-text")) and None).up()
    assert result.changes == ()
    assert "plain-text" not in lab.stack().state_file.path.read_text()


def test_a_resource_given_as_an_input_arrives_as_a_reference(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=1)
        Thing("b", friend=a)

    assert lab.stack(program).up().ok
    state = json.loads(lab.stack().state_file.path.read_text())
    b = next(r for r in state["deployment"]["resources"] if r["urn"].endswith("::b"))
    assert b["inputs"]["friend"]["urn"] == "urn:pulumi:dev::proj::test:index:Thing::a"
    assert b["inputs"]["friend"]["id"] == "a-1"
    assert lab.stack(program).up().changes == ()


def test_a_reference_becomes_the_resource_that_it_names(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=4)
        again = a.urn.apply(lambda urn: Thing("again", pulumi.ResourceOptions(urn=urn)))
        pulumi.export("arn", again.arn)

    result = lab.stack(program).up()
    assert result.ok, result.errors
    assert result.outputs == {"arn": "arn:a-1"}
    assert lab.cloud.names("create") == ["a"], "it is another name for the same resource"


def test_property_dependencies_are_recorded_by_property(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=1)
        b = Thing("b", size=1)
        Thing("c", x=a.arn, y=pulumi.Output.all(a.arn, b.arn), z=1)

    lab.stack(program).up()
    c = next(r for r in lab.stack().resources() if r.name == "c")
    prefix = "urn:pulumi:dev::proj::test:index:Thing::"
    assert c.property_dependencies["x"] == [f"{prefix}a"]
    assert c.property_dependencies["y"] == [f"{prefix}a", f"{prefix}b"]
    assert c.property_dependencies["z"] == []
    assert c.dependencies == [f"{prefix}a", f"{prefix}b"]


def test_outputs_of_components_are_kept(lab: Lab) -> None:
    class Site(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("test:index:Site", "site")
            self.register_outputs({"url": "https://x.test", "n": 3})

    lab.stack(lambda: Site() and None).up()
    site = next(r for r in lab.stack().resources() if r.name == "site")
    assert {key: value.value for key, value in site.outputs.items()} == {"url": "https://x.test", "n": 3.0}
    assert lab.stack(lambda: Site() and None).up().changes == ()


def test_numbers_booleans_nulls_and_lists_come_back_as_they_went(lab: Lab) -> None:
    given: Mapping[str, Any] = {"n": 1, "f": 1.5, "t": True, "l": [1, "a", False], "m": {"x": {}}, "e": []}

    def program() -> None:
        Thing("a", **given)
        pulumi.export("all", dict(given))

    lab.stack(program).up()
    assert lab.stack().outputs()["all"] == given
    assert lab.stack(program).up().changes == ()


def test_an_output_that_is_no_longer_exported_goes(lab: Lab) -> None:
    lab.stack(lambda: pulumi.export("a", 1)).up()
    lab.stack(lambda: pulumi.export("b", 2)).up()
    assert lab.stack().outputs() == {"b": 2}


def test_assets_change_with_their_content(lab: Lab) -> None:
    file = lab.root / "code.py"
    file.write_text("print(1)")

    def program() -> None:
        Thing("a", code=pulumi.FileAsset(str(file)), text=pulumi.StringAsset("x"))
        Thing("z", bundle=pulumi.AssetArchive({"code.py": pulumi.FileAsset(str(file))}))

    assert lab.stack(program).up().ok
    assert lab.stack(program).up().changes == ()
    file.write_text("print(2)")
    result = lab.stack(program).up()
    assert {(s.name, s.op) for s in result.changes} == {("a", "update"), ("z", "update")}


def test_an_explicit_provider_with_unknown_configuration_knows_nothing_in_a_preview(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=1)
        provider = TestProvider("p", region=a.arn)
        pulumi.export("b", Thing("b", pulumi.ResourceOptions(provider=provider), size=1).arn)

    result = lab.stack(program).preview()
    assert result.ok, result.errors
    assert result.outputs == {"b": None}
    assert lab.stack(program).up().ok
    assert "arn:a-1" in lab.cloud.regions


def test_a_component_is_no_resource_of_a_provider(lab: Lab) -> None:
    lab.stack(lambda: Group("g") and None).up()
    assert next(r for r in lab.stack().resources() if r.name == "g").provider == ""


def test_an_archive_that_was_sent_by_its_hash_alone_goes_back_so() -> None:
    # Refresh of the official engine leaves contents out, and puts them back where an answer has the hash and nothing
    # else: https://github.com/pulumi/pulumi/blob/master/pkg/resource/plugin/provider_plugin.go
    # (restoreElidedAssetContents)
    struct = struct_pb2.Struct()
    struct.update({"code": {SIGNATURE: ARCHIVE, "hash": "12ab"}})
    assert to_struct(from_struct(struct)) == struct


def test_an_archive_of_nothing_is_one() -> None:
    struct = struct_pb2.Struct()
    struct.update({"code": {SIGNATURE: ARCHIVE, "assets": {}}})
    fields = to_struct(from_struct(struct)).fields["code"].struct_value.fields
    assert fields["assets"].WhichOneof("kind") == "struct_value"
