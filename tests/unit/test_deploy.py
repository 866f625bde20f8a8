"""What `deploy` holds is sound: the tools that check such files find nothing, and what they name exists."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from podium import config
from tests.tidy.source import ROOT, modules

DEPLOY: Final = ROOT / "deploy"
BIN: Final = Path(sys.executable).parent
CHART: Final = DEPLOY / "helm" / "podium"
KUBERNETES: Final = "1.37"
WANTED: Final[dict[str, dict[str, Any]]] = {
    "as it is": {},
    "with settings": {
        "nodes": 3, "hosts": ["podium.example.com"], "sandbox": {"enabled": True}, "home": {"existingClaim": "shared"},
        "config": {"limits": {"queue_hard": 2_000_000}, "scaling": {"workflows": {"development": {"min": 3}}}},
        "env": [{"name": "PODIUM_GITHUB_TOKEN", "valueFrom": {"secretKeyRef": {"name": "github", "key": "token"}}}],
        "networkPolicy": {"from": [{"namespaceSelector": {"matchLabels": {"tools": "yes"}}}]},
    },
    "on Ray": {
        "sandbox": {"enabled": True},
        "ray": {"enabled": True, "autoscaling": True, "workers": {"min": 1, "max": 4}},
    },
}  # fmt: skip
"""What somebody may want of the chart."""
BREAKS_BUBBLEWRAP: Final = {
    "ProtectKernelTunables", "ProtectKernelLogs", "ProtectHostname", "ProtectProc", "ProcSubset", "RestrictNamespaces",
    "SystemCallFilter",
}  # fmt: skip
"""What mounts something on /proc or forbids namespaces: bubblewrap was seen to fail under the like."""


def ran(*command: str | Path) -> str:
    """What a program said, with its exit status where that is not 0."""
    program = shutil.which(command[0], path=f"{BIN}:{os.environ['PATH']}")
    assert program is not None
    done = subprocess.run((program, *command[1:]), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr + (f"exit status {done.returncode}" if done.returncode else "")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "command",
    [
        ("yamllint", "--strict", "--config-file", "deploy/yamllint.yaml", "deploy"),
        ("hadolint", "deploy/Dockerfile"),
    ],
    ids=["yamllint", "hadolint"],
)
def test_linters_find_nothing(command: tuple[str, ...]) -> None:
    assert ran(*command) == ""


@pytest.mark.parametrize("name", ["compose.yaml", "compose.sandbox.yaml"])
def test_compose_files_are_what_their_specification_says(name: str) -> None:
    schemas = resources.files("check_jsonschema.builtin_schemas.vendor")
    schema = json.loads(schemas.joinpath("compose-spec.json").read_text("utf-8"))
    found = jsonschema.Draft202012Validator(schema).iter_errors(read(DEPLOY / name))
    assert [each.message for each in found] == []


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    """The chart's documents, as Helm itself makes them."""
    helm = pytest.importorskip("helm_python")
    with helm.Chart.load(CHART) as chart:
        chart.validate_schema(values)
        files: dict[str, str] = chart.render(values, name="demo", namespace="tools")
    parts = [part for name, text in files.items() if name.endswith(".yaml") for part in yaml.safe_load_all(text)]
    return [part for part in parts if part]


def test_helm_finds_nothing_but_that_there_is_no_icon() -> None:
    helm = pytest.importorskip("helm_python")
    report: dict[str, Any] = helm.lint(CHART, strict=True)
    assert report["errors"] == []
    assert [each["error"] for each in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("values", [{"nodes": 0}, {"config": {"server": {"port": 1}}}, {"nodse": 2}])
def test_values_that_the_chart_cannot_use_are_refused(values: dict[str, Any]) -> None:
    helm = pytest.importorskip("helm_python")
    jsonschema.Draft7Validator.check_schema(json.loads((CHART / "values.schema.json").read_text("utf-8")))
    with helm.Chart.load(CHART) as chart, pytest.raises(helm.errors.HelmError):
        chart.validate_schema(values)


def test_what_the_chart_makes_is_what_kubernetes_takes(tmp_path: Path) -> None:
    kinds = {"StatefulSet", "Service", "NetworkPolicy", "PodDisruptionBudget", "ServiceAccount", "ConfigMap"}
    known: list[dict[str, Any]] = []
    for name, values in WANTED.items():
        made = rendered(values)
        found = {each["kind"] for each in made}
        assert kinds <= found
        assert ("PersistentVolumeClaim" in found) is (name != "with settings")
        assert ("RayCluster" in found) is (name == "on Ray")
        known += [each for each in made if each["kind"] != "RayCluster"]  # whose schema is its operator's
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(known))
    said = ran("kubernetes-validate", "--strict", "-k", KUBERNETES, tmp_path / "all.yaml")
    assert "exit status" not in said
    assert said.count("passed") == len(known), said


def containers(of: Any) -> Iterator[dict[str, Any]]:
    """Everything in a document that looks like a container of Kubernetes."""
    if isinstance(of, dict):
        found = cast("dict[str, Any]", of)
        if "image" in found and "name" in found:
            yield found
        of = list(found.values())
    if isinstance(of, list):
        for value in cast("list[Any]", of):
            yield from containers(value)


def known_variables() -> set[str]:
    """The environment variables of Podium that its code names."""
    texts = [module.text for module in (*modules("src"), *modules("plugins"))]
    return {name for text in texts for name in re.findall(r"""["'](PODIUM_[A-Z_]+)["']""", text)}


def test_every_variable_that_is_set_is_one_that_podium_reads() -> None:
    compose = read(DEPLOY / "compose.yaml")["services"]
    told = {name for service in compose.values() for name in service.get("environment", {})}
    for wanted in WANTED.values():
        made = containers(rendered(wanted))
        told |= {variable["name"] for container in made for variable in container.get("env", ())}
    for text in (DEPLOY / "systemd" / "podium.env", DEPLOY / "Dockerfile"):
        told |= set(re.findall(r"\b(PODIUM_[A-Z_]+)=", text.read_text("utf-8")))
    ours = {name for name in told if name.startswith("PODIUM_")}
    assert ours >= {"PODIUM_HOME", "PODIUM_NODE", "PODIUM_NODE_URL", "PODIUM_DATABASE_URL"}
    assert ours <= known_variables()


def test_secrets_come_from_elsewhere() -> None:
    for wanted in WANTED.values():
        for container in containers(rendered(wanted)):
            plain = [each["name"] for each in container.get("env", ()) if "value" in each]
            assert not [name for name in plain if re.search("TOKEN$|DATABASE|PASSWORD|KEY", name)]
    for service in read(DEPLOY / "compose.yaml")["services"].values():
        assert "PASSWORD" not in {name.partition("_FILE")[0] for name in service["environment"] if name[-5:] != "_FILE"}
        assert not urlsplit(service["environment"].get("PODIUM_DATABASE_URL", "")).password


def test_nodes_answer_to_the_names_that_they_are_given(tmp_path: Path) -> None:
    """A request that a node passes on names the leader's address, which the leader must know as its own."""
    (tmp_path / config.FILE).write_text((DEPLOY / "podium.toml").read_text("utf-8"), "utf-8")
    services = read(DEPLOY / "compose.yaml")["services"].values()
    urls = [url for each in services if (url := each["environment"].get("PODIUM_NODE_URL"))]
    assert len(urls) == 2
    assert {urlsplit(url).hostname for url in urls} <= set(config.load(tmp_path).server.hosts)

    for name, wanted in WANTED.items():
        made = {each["kind"]: each for each in rendered(wanted)}
        (tmp_path / config.FILE).write_text(made["ConfigMap"]["data"]["podium.toml"], "utf-8")
        told, stateful = config.load(tmp_path), made["StatefulSet"]
        assert told.host == ("ray" if name == "on Ray" else "local")
        (node,) = stateful["spec"]["template"]["spec"]["containers"]
        (url,) = [each["value"] for each in node["env"] if each["name"] == "PODIUM_NODE_URL"]
        names = [f"{stateful['metadata']['name']}-{number}" for number in range(stateful["spec"]["replicas"])]
        assert {urlsplit(url.replace("$(PODIUM_NODE)", name)).hostname for name in names} <= set(told.server.hosts)
        assert [each["value"] for probe in ("startup", "liveness", "readiness")
                for each in node[f"{probe}Probe"]["httpGet"]["httpHeaders"]] == ["localhost"] * 3  # fmt: skip


def settings(unit: str) -> list[tuple[str, str]]:
    lines = [line.partition("=") for line in unit.splitlines() if "=" in line and not line.startswith("#")]
    return [(name, value) for name, _, value in lines]


def test_the_unit_leaves_agents_alone_and_lets_them_have_a_sandbox() -> None:
    unit = settings((DEPLOY / "systemd" / "podium.service").read_text("utf-8"))
    assert dict(unit)["KillMode"] == "process"
    assert dict(unit)["EnvironmentFile"] == "/etc/podium/podium.env"
    assert not BREAKS_BUBBLEWRAP & {name for name, _ in unit}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_knows_all_that_the_unit_says(tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / "podium.service").read_text("utf-8")
    (tmp_path / "podium.service").write_text(text.replace("/opt/podium/bin/podium", str(BIN / "podium")), "utf-8")
    assert ran("systemd-analyze", "verify", "--man=no", tmp_path / "podium.service") == ""


def instructions() -> dict[str, list[str]]:
    """The Dockerfile's, by their names, with lines that go on put together."""
    text = "".join(line for line in (DEPLOY / "Dockerfile").read_text("utf-8").splitlines(keepends=True)
                   if not line.startswith("#")).replace("\\\n", "")  # fmt: skip
    found: dict[str, list[str]] = {}
    for line in filter(None, text.splitlines()):
        name, _, rest = line.partition(" ")
        found.setdefault(name, []).append(rest)
    return found


def test_every_file_that_is_referred_to_is_there() -> None:
    compose = read(DEPLOY / "compose.yaml")
    build = compose["services"]["podium-a"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    assert all((DEPLOY / each["file"]).is_file() for each in compose["configs"].values())
    copied = {part for line in instructions()["COPY"] if "--from" not in line for part in line.split()[:-1]}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"}
    assert not [name for name in copied if not any(Path(name).is_relative_to(each) for each in allowed)]
    assert all((ROOT / name).exists() for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    members: list[str] = project["tool"]["uv"]["workspace"]["members"]  # the lock file is about all of them
    assert not [name for name in members if not any(Path(name).is_relative_to(each) for each in copied)]


def test_the_image_is_asked_on_the_port_that_it_listens_on() -> None:
    program = json.loads(instructions()["HEALTHCHECK"][0].partition("CMD ")[2])[2]
    command: list[str] = json.loads(instructions()["CMD"][0])
    compile(program, "HEALTHCHECK", "exec")
    assert command[command.index("--port") + 1] in program
    assert instructions()["STOPSIGNAL"] == ["SIGINT"]


def test_every_line_that_nodes_log_is_explained() -> None:
    explained = " ".join((ROOT / "docs" / "nodes.md").read_text("utf-8").split())
    lines = [
        call.args[0].value
        for module in modules("src/podium/nodes")
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("_log.")
        and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    ]  # fmt: skip
    assert len(lines) >= 5
    parts = {part.strip(" :") for line in lines for part in re.split("%[sd]", line)}
    assert not [part for part in parts if part not in explained]
