"""Reads a pipeline's TOML into the validated graph; every error names the file's line and what to write instead."""

import hashlib
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, cast

from podium.domain import lifecycle, pipeline_graph, rule_file
from podium.domain.errors import InvalidPipeline
from podium.domain.job import PODIUM_QUEUE
from podium.domain.pipeline import ACTIONS, READER, Gate, Pipeline, Rule, Step, Workflow
from podium.domain.toml_lines import line_of

NUMBERS: Final = ("attempts_max", "reworks_max", "timeout_seconds", "stall_seconds")
NOT_ON_MESSAGE: Final = ("state", "waiting", "role", "after", "for_each", "action", "rework", "independent")
GATE_KINDS: Final = ("change", "command", "result", "approval")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_STATE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")

Raw = Mapping[str, Any]


def parse(text: str, source: str = "pipeline.toml", webhooks: Collection[str] | None = None) -> Pipeline:
    """The pipeline in `text`; raises `InvalidPipeline`. `source` is the name that errors use for it.

    `webhooks` are those of the configuration, which rules may name; None leaves them unchecked.
    """
    return _Reader(text, source, webhooks).pipeline()


class _Reader:
    def __init__(self, text: str, source: str, webhooks: Collection[str] | None) -> None:
        self.text = text
        self.source = source
        self.webhooks = webhooks
        self.where: tuple[str, int] = ("", 0)
        self.commands: Mapping[str, tuple[str, ...]] = {}

    def fail(self, message: str, key: str = "") -> InvalidPipeline:
        """The error to raise, with the line of `key` in the table being read."""
        return InvalidPipeline(f"{self.source}, line {line_of(self.text, *self.where, key)}: {message}")

    def pipeline(self) -> Pipeline:
        try:
            raw: Raw = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidPipeline(f"{self.source}: this is not valid TOML: {error}.") from None
        self._known(raw, ("name", "start", "commands", "rules", "workflows"))
        self.commands = {name: tuple(str(w) for w in words) for name, words in raw.get("commands", {}).items()}
        workflows = {name: self._workflow(name, table) for name, table in raw.get("workflows", {}).items()}
        if not workflows:
            raise self.fail("there is no workflow; write at least one [workflows.NAME] with steps.")
        self.where = ("", 0)
        start = raw.get("start", next(iter(workflows)))
        if start not in workflows:
            raise self.fail(f"start = {start!r} is not a workflow of this file ({_or(workflows)}).", "start")
        rules = tuple(self._rule(i, rule, workflows) for i, rule in enumerate(raw.get("rules", [])))
        for step, key, message in pipeline_graph.mistakes(workflows, rules):
            self.where = (f"workflows.{step.workflow}.steps", workflows[step.workflow].steps.index(step))
            raise self.fail(message, key)
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:16]
        return Pipeline(str(raw.get("name", "pipeline")), digest, start, workflows, rules)

    def _known(self, table: Raw, allowed: Sequence[str]) -> None:
        for key in table:
            if key not in allowed:
                raise self.fail(f"unknown key {key!r}; known here: {', '.join(allowed)}.", key)

    def _workflow(self, name: str, table: Raw) -> Workflow:
        self.where = (f"workflows.{name}", 0)
        self._known(table, ("roles", "instances", "states", "steps", "project_jobs_max"))
        edges = self._edges(name, table)
        roles = tuple(table.get("roles", ()))
        for instance, role in table.get("instances", {}).items():
            if role not in roles:
                raise self.fail(
                    f"instance {instance!r} has the unknown role {role!r}; roles are {_or(roles)}.", "instances"
                )
        jobs_max = self._at_least_one({"project_jobs_max": 16, **table}, "project_jobs_max")
        steps: list[Step] = []
        for index, step in enumerate(table.get("steps", ())):
            self.where = (f"workflows.{name}.steps", index)
            steps.append(self._step(name, step, roles, tuple(edges), steps))
        if not steps:
            raise self.fail(f"workflow {name!r} has no step.")
        return Workflow(name, tuple(steps), roles, dict(table.get("instances", {})), edges, jobs_max)

    def _edges(self, name: str, table: Raw) -> lifecycle.Edges:
        """The lifecycle: a shipped workflow's is fixed, a user's own is declared by its states in order."""
        if name in lifecycle.WORKFLOWS:
            if "states" in table:
                raise self.fail(
                    f"the states of {name} are fixed; remove 'states', or name your workflow otherwise.", "states"
                )
            return lifecycle.WORKFLOWS[name]
        if not _NAME.fullmatch(name) or name == PODIUM_QUEUE:
            raise self.fail(f"{name!r} cannot be a workflow's name; use a lower-case name such as 'security'.")
        states = cast("list[Any]", table.get("states", []))
        if not isinstance(table.get("states"), list) or len(states) < 2 or len(set(states)) < len(states):
            raise self.fail(
                f'workflow {name!r} needs states = ["QUEUED", …, "COMPLETE"], at least two, each once.', "states"
            )
        for state in states:
            if not isinstance(state, str) or not _STATE.fullmatch(state):
                raise self.fail(f"state {state!r} must be upper-case words such as 'AUDIT_COMPLETE'.", "states")
        return lifecycle.declared(states)

    def _step(self, workflow: str, raw: Raw, roles: Sequence[str], states: Sequence[str], before: list[Step]) -> Step:
        self._known(raw, [f.name for f in fields(Step) if f.name != "workflow"])
        *states, last = states
        name = str(raw.get("id", ""))
        if not _NAME.fullmatch(name):
            raise self.fail(f"step id {name!r} must be a lower-case name such as 'implement'.", "id")
        if any(s.id == name for s in before):
            raise self.fail(f"there are two steps {name!r} in {workflow}.", "id")
        on_message = bool(raw.get("on_message", False))
        state = last if on_message else raw.get("state")
        waiting = raw.get("waiting", state)
        for key in NOT_ON_MESSAGE if on_message else ():
            if key in raw:
                raise self.fail(f"step {name!r} is done on a message, whatever the state; remove {key!r}.", key)
        for key, value in () if on_message else (("state", state), ("waiting", waiting)):
            if value not in states:
                raise self.fail(f"{key} {value!r} is not a state of {workflow}; states are {_or(states)}.", key)
        action = raw.get("action", "")
        if action and action not in ACTIONS:
            raise self.fail(f"unknown action {action!r}; Podium's own are {_or(sorted(ACTIONS))}.", "action")
        if action and raw.get("gates"):
            raise self.fail("Podium's own steps take no gates; put them on the step before.", "gates")
        role = PODIUM_QUEUE if action else READER if on_message else raw.get("role", "")
        if role not in (*roles, PODIUM_QUEUE, READER):
            raise self.fail(f"step {name!r} has the unknown role {role!r}; roles are {_or(roles)}.", "role")
        settled: dict[str, Any] = {
            "workflow": workflow,
            "state": state,
            "waiting": waiting,
            "role": role,
            "after": tuple(raw.get("after", ())),
            "prompt": raw.get("prompt", "").strip(),
            "gates": tuple(self._gate(gate) for gate in raw.get("gates", ())),
            "rework": raw.get("rework", name),
        }
        settled |= {key: self._at_least_one(raw, key) for key in NUMBERS if key in raw}
        return Step(**{**raw, **settled})

    def _at_least_one(self, raw: Raw, key: str) -> int:
        value = raw[key]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.fail(f"{key} must be a whole number of at least 1, not {value!r}.", key)
        return value

    def _gate(self, raw: Raw) -> Gate:
        self._known(raw, [f.name for f in fields(Gate)])
        kind = raw.get("kind")
        if kind not in GATE_KINDS:
            raise self.fail(f"gate kind {kind!r} must be {_or(GATE_KINDS)}.", "gates")
        command = raw.get("command", ())
        if isinstance(command, str):
            if command not in self.commands:
                raise self.fail(f"gate command {command!r} is not in [commands] ({_or(self.commands)}).", "gates")
            command = self.commands[command]
        if kind == "command" and not command:
            raise self.fail("a gate of kind 'command' needs a command.", "gates")
        if raw.get("expect", "passed") not in ("passed", "failed"):
            raise self.fail("a gate's expect must be 'passed' or 'failed'.", "gates")
        settled: dict[str, Any] = {"name": str(raw.get("name", kind)), "command": tuple(command)}
        settled |= {"require": tuple(raw.get("require", ())), "timeout_seconds": float(raw.get("timeout_seconds", 600))}
        return Gate(**{**raw, **settled})

    def _rule(self, index: int, raw: Raw, workflows: Mapping[str, Workflow]) -> Rule:
        self.where = ("rules", index)
        self._known(raw, rule_file.KEYS)
        return rule_file.read(index, raw, workflows, self.webhooks, self.fail)


def _or(names: Any) -> str:
    return ", ".join(names) or "none"
