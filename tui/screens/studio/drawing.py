"""How the studio draws what is known."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from engine.display import visible, visible_line
from engine.protocol import Variable
from tui.renderables.fitted import FAINT, QUIET
from tui.renderables.link import link
from tui.screens.studio.base import StudioBase
from tui.state.studio import disk_words, finding_words, run_words, size_words, stop_words, title_words
from tui.widgets.painted import Painted
from tui.widgets.preview import Preview
from tui.widgets.template_editor import TemplateEditor
from tui.widgets.variables import VariablesForm


class Drawing(StudioBase):
    """Each part is drawn anew only where it changed."""

    _findings_shown: tuple[object, ...] | None = None
    _prompt_shown: object = None
    _variables_shown: tuple[Variable, ...] = ()

    def draw(self) -> None:
        """Draw what is known."""
        if not self.query("#studio-head"):  # a count may come when the studio was left
            return
        one, state, model = self.desk.now, self.state, self.host.studio_model()
        name = visible_line(model.name) if model is not None else "no model"
        menu = link(Content.styled("☰ Template studio", "bold $accent"), "app.open_palette")
        picked = link(Content.styled(name, QUIET), "screen.studio_pick_model")
        head = Content.assemble(menu, "  ", title_words(one), ("  ·  ", FAINT), picked)
        self.query_one("#studio-head", Painted).show(head)
        self._draw_disk()
        self._draw_findings()
        self.query_one("#studio-size", Painted).show(Content(size_words(state, model)))
        self.query_one("#studio-stops", Painted).show(Content(stop_words(state.examined)))
        self._draw_prompt()
        self._draw_run()
        template = state.examined.template if state.examined is not None else None
        if template is not None and template.variables != self._variables_shown:
            self._variables_shown = template.variables  # the fields are the person's, while the blanks are the same
            form = self.query_one(VariablesForm)
            self.call_next(form.show, template.variables, form.values)

    def _draw_disk(self) -> None:
        words = disk_words(self.desk.now)
        parts = [Content(words)] if words else []
        if self.desk.now.on_disk == "changed":
            parts.append(link(Content.styled("Alt+R takes its text", "bold"), "screen.studio_reload"))
        if words:
            parts.append(link(Content.styled("Alt+K keeps yours", "bold"), "screen.studio_keep_mine"))
        self.query_one("#studio-disk", Painted).show(Content("  ").join(parts))

    def _draw_findings(self) -> None:
        findings = self.state.findings
        if findings == self._findings_shown:
            return
        self._findings_shown = findings
        options = self.query_one("#studio-findings", OptionList)
        options.display = bool(findings)
        options.set_options([])
        for finding in findings:
            title, hint = finding_words(finding)
            mark, colour = ("✗", "$text-error") if finding.kind == "fault" else ("!", "$text-warning")
            lines = [Content.assemble((f"{mark} ", f"bold {colour}"), (title, colour))]
            lines += [Content.styled(f"  {hint}", QUIET)] if hint else []
            options.add_option(Content("\n").join(lines))
        marks: dict[int, str] = {finding.line: finding.kind for finding in reversed(findings) if finding.line}
        faults = {finding.line: finding.kind for finding in findings if finding.kind == "fault" and finding.line}
        self.query_one(TemplateEditor).mark_lines({**marks, **faults})

    def _draw_prompt(self) -> None:
        preview, examined, counted = self.query_one(Preview), self.state.examined, self.state.counted
        shown = (examined, counted, self.state.shows_tokens)
        if shown == self._prompt_shown:
            return
        self._prompt_shown = shown
        if examined is None:
            preview.show_words("The prompt is being rendered…")
        elif examined.template is None:
            preview.show_words("A template with faults shows no prompt.")
        elif examined.unrendered:
            preview.show_words(examined.unrendered, fault=True)
        elif counted is not None and self.state.shows_tokens and counted.pieces:
            preview.show_pieces(counted.pieces)
        elif counted is not None:
            preview.show_prompt(counted.text, counted.beginning)
        else:
            preview.show_prompt(examined.text)

    def _draw_run(self) -> None:
        run = self.state.run
        state = self.query_one("#studio-run-state", Painted)
        scroll = self.query_one("#studio-run", VerticalScroll)
        scroll.display = run is not None
        state.show(Content(run_words(run)) if run is not None else Content(""))
        state.set_class(run is not None and run.failure is not None, "-faulty")
        if run is not None:
            self.query_one("#studio-reply", Static).update(Content(visible(run.text)))
            scroll.scroll_end(animate=False)
