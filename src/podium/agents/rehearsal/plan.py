"""The plan as Podium carries it between steps: a project's features, each with what would make it done."""

from dataclasses import asdict, dataclass

from podium.agents.rehearsal import json_fields, naming, prose
from podium.agents.rehearsal.json_fields import JsonObject
from podium.agents.rehearsal.protocol import Assignment, StepFailed

TITLE_CHARS_MAX = 120
DETAIL_CHARS_MAX = 2_000
CRITERION_CHARS_MAX = 240
CRITERIA_MAX = 20


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing the application shall do."""

    key: str
    title: str
    detail: str
    depends_on: tuple[str, ...]
    acceptance: tuple[str, ...]

    @property
    def number(self) -> str:
        """The digits that begin the key, or the whole key when another agent named it without any."""
        return self.key.partition("-")[0]

    def as_data(self) -> JsonObject:
        """Return the feature as JSON."""
        return {**asdict(self), "depends_on": list(self.depends_on), "acceptance": list(self.acceptance)}


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be built; `package` is the Python package that holds it."""

    title: str
    summary: str
    type: str
    complexity: str
    package: str
    features: tuple[Feature, ...]

    def as_data(self) -> JsonObject:
        """Return the plan as JSON."""
        return {**asdict(self), "features": [feature.as_data() for feature in self.features]}


def feature(key: str, title: str, data: JsonObject) -> Feature:
    """Build a feature from what anyone wrote, cut to the limits; it always has a criterion to meet."""
    clean_title = prose.one_line(title, TITLE_CHARS_MAX) or key
    written = json_fields.texts(data, "acceptance")[:CRITERIA_MAX]
    criteria = filter(None, (prose.one_line(criterion, CRITERION_CHARS_MAX) for criterion in written))
    return Feature(
        key=key,
        title=clean_title,
        detail=prose.one_line(json_fields.text(data, "detail"), DETAIL_CHARS_MAX),
        depends_on=json_fields.texts(data, "depends_on"),
        acceptance=tuple(criteria) or (f"“{clean_title}” can be run by name and gives the results its tests ask for.",),
    )


def feature_of(assignment: Assignment) -> Feature:
    """Return the feature that this assignment's item stands for."""
    if assignment.item is None:
        raise StepFailed(f"The step `{assignment.step}` works on one issue; the assignment has no item.")
    return feature(assignment.item.key, assignment.item.title, assignment.item.data)


def plan_of(assignment: Assignment) -> Plan:
    """Return the plan that analysis made."""
    artifact = assignment.artifact("plan")
    if artifact is None:
        raise StepFailed(f"The step `{assignment.step}` needs an artifact of kind `plan`; run `analyze` first.")
    data = artifact.data
    title = prose.one_line(json_fields.text(data, "title", artifact.title), TITLE_CHARS_MAX) or "Project"
    package = json_fields.text(data, "package")
    return Plan(
        title=title,
        summary=prose.one_line(json_fields.text(data, "summary"), DETAIL_CHARS_MAX),
        type=json_fields.text(data, "type", "cli"),
        complexity=json_fields.text(data, "complexity", "small"),
        # The package becomes a path, so only a plain identifier is taken at its word.
        package=package if package.isidentifier() and package.isascii() else naming.package_name(title),
        features=tuple(_planned_feature(number, made) for number, made in _numbered(data)),
    )


def _numbered(data: JsonObject) -> list[tuple[int, JsonObject]]:
    return list(enumerate(json_fields.objects(data, "features"), start=1))


def _planned_feature(number: int, data: JsonObject) -> Feature:
    title = json_fields.text(data, "title")
    key = json_fields.text(data, "key")
    # The key becomes a file name, so anything but a slug is replaced.
    safe = key if key and key == prose.slug(key, naming.KEY_CHARS_MAX) else naming.feature_key(number, title, number)
    return feature(safe, title, data)
