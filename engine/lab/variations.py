"""The [[variations]] of a spec file."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from engine.errors import TemplateNotFound
from engine.fields import Fields, Problem, nearest, short
from engine.lab.records import Variation
from engine.models.reference import anchored_model
from engine.protocol import SamplingChange, Template
from engine.sampling import read_sampling, sampling_for
from engine.templates import Library
from engine.templates.library import parse_file

_NO_TEMPLATE = 'Write template = "…", the name of one or a .toml file'


class VariationReader:
    """Reads variations, and complains about what can't be one."""

    def __init__(self, folder: Path, library: Library, model: str, sampling: SamplingChange) -> None:
        """Take what holds for all of them.

        Args:
            folder: From where relative paths count.
            library: Where templates are looked for by name.
            model: For those that name none; may be empty.
            sampling: Wins over the templates', and loses against a variation's own.
        """
        self._folder, self._library, self._model, self._sampling = folder, library, model, sampling
        self._names: set[str] = set()

    def read(self, fields: Fields) -> tuple[Variation, ...]:
        """Read those of a file, of which there has to be one."""
        tables = fields.tables("variations")
        if "variations" not in fields:
            fields.problems.append(Problem(1, "there is no variation", "Write each under a heading [[variations]]"))
        return tuple(variation for table in tables for variation in self._some(table))

    def _some(self, fields: Fields) -> list[Variation]:
        """The variations of one table: several where it lists templates or models."""
        name = fields.line_of_text("name")
        templates = [found for text in fields.texts("template") if (found := self._template(fields, text))]
        models = fields.texts("model") or ((self._model,) if self._model else ())
        stop = fields.texts("stop")
        table = fields.table("variables")
        variables = {key: table.text(key) for key in table.names()}
        own = read_sampling(fields.table("sampling"))
        if "template" not in fields:
            fields.complain("template", "a variation has no template", _NO_TEMPLATE)
        if not models:
            fields.complain("model", "a variation has no model", 'Write model = "…" here, or once at the top')
        fields.finish()
        for template in templates:
            _check_variables(table, template, variables)
        return [
            Variation(
                name=self._unlike(fields, _name(name, template, ref, len(templates), len(models))),
                model=self._anchored(ref),
                template=template,
                variables=variables,
                sampling=sampling_for(template.sampling, self._sampling, own),
                stop=stop,
            )
            for template, ref in product(templates, models)
        ]

    def _template(self, fields: Fields, text: str) -> Template | None:
        if not text.lower().endswith(".toml"):
            try:
                return self._library.get(text)
            except TemplateNotFound as error:
                fields.complain("template", error.title, error.hint)
                return None
        parsed = parse_file(self._folder / Path(text).expanduser())
        for fault in parsed.faults:
            place = f", line {fault.line}" if fault.line else ""
            fields.complain("template", f"{text}{place}: {fault.title}", fault.hint)
        return parsed.template

    def _anchored(self, ref: str) -> str:
        """A model beside the spec file, else whatever the reference means anywhere."""
        is_path = ref.startswith(".") or "/" in ref or ref.lower().endswith(".gguf")
        beside = self._folder / ref
        return anchored_model(str(beside) if is_path and not ref.startswith("~") and beside.exists() else ref)

    def _unlike(self, fields: Fields, name: str) -> str:
        if name in self._names:
            fields.complain("name", f"two variations are called {short(name)}", "Give each a name of its own")
        self._names.add(name)
        return name


def _name(name: str, template: Template, ref: str, templates: int, models: int) -> str:
    """The name that was given, with what tells the variations of one table apart; else the template's."""
    first = name or (template.name if templates == 1 else "")
    parts = (first, template.name if templates > 1 else "", ref.rpartition("/")[2] if models > 1 else "")
    return " · ".join(part for part in parts if part)


def _check_variables(table: Fields, template: Template, variables: dict[str, str]) -> None:
    known = [variable.name for variable in template.variables]
    for name in variables:
        if name not in known:
            near = nearest(name, known)
            hint = f'Did you mean "{near}"? ' if near else ""
            listed = f"It has {', '.join(known)}" if known else "It has none"
            table.complain(name, f'the template "{template.name}" has no variable {short(name)}', f"{hint}{listed}")
