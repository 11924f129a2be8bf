"""How prompt templates, good, faulty and unsaved ones, are drawn in a list and beside it."""

from __future__ import annotations

from textual.content import Content

from engine.display import visible, visible_line
from engine.errors import TemplateFault
from engine.protocol import Template
from tui.renderables.fitted import QUIET, Fitted, columns, labelled, marked
from tui.state.picking import fault_place, match_spans, template_facts
from tui.state.preview import HEADING
from tui.widgets.filter_list import Row

DRAFT = "not saved"
"""What is said of a template into which something was typed and not saved."""
_ONE_LINE = 70
"""From this width on, a template takes one line instead of two."""
_NAME_WIDTH = 22


def template_row(row_id: str, template: Template, query: str, *, mark: str, kind: str) -> Row:
    """A template in a list: in front a sign, at the end what kind it is; on one line where there is room for it."""
    name = visible_line(template.name)
    about = visible_line(template.description)

    def lay_out(width: int) -> Content:
        if width >= _ONE_LINE:
            return _on_one_line(width)
        title = Content.assemble((f"{mark} ", "bold"), marked(name, match_spans(name, query)).stylize_before("bold"))
        quiet = Content.styled(kind, QUIET)
        room = width - quiet.cell_length - 2
        first = columns((title, room, False), (quiet, quiet.cell_length, True))
        second = Content.assemble("  ", marked(about, match_spans(about, query)).stylize_before(QUIET))
        return Content("\n").join([first, second.truncate(width, ellipsis=True)]) if about else first

    def _on_one_line(width: int) -> Content:
        title = Content.assemble((f"{mark} ", "bold"), marked(name, match_spans(name, query)).stylize_before("bold"))
        words = marked(about, match_spans(about, query)).stylize_before(QUIET)
        quiet = Content.styled(kind, QUIET)
        room = width - _NAME_WIDTH - quiet.cell_length - 4
        return columns((title, _NAME_WIDTH, False), (words, room, False), (quiet, quiet.cell_length, True))

    return Row(row_id, Fitted(lay_out))


def draft_row(row_id: str, name: str, query: str) -> Row:
    """What was typed into a template whose file is gone."""

    def lay_out(width: int) -> Content:
        words = Content.assemble("✎ ", marked(visible_line(name), match_spans(name, query)).stylize_before("bold"))
        return words.truncate(width, ellipsis=True)

    return Row(row_id, Fitted(lay_out, height=1))


def fault_row(row_id: str, fault: TemplateFault, *, has_draft: bool = False) -> Row:
    """A faulty file in a list, with what is wrong with it."""

    def lay_out(width: int) -> Content:
        first = Content.styled(f"✗ {fault_place(fault)}{f' · {DRAFT}' if has_draft else ''}", "bold")
        second = Content.styled(f"  {visible_line(fault.title)}", "$text-error")
        return Content("\n").join([line.truncate(width, ellipsis=True) for line in (first, second)])

    return Row(row_id, Fitted(lay_out, height=2))


def preview_head(remark: str, width: int) -> Content:
    """The preview's heading, and what there is to know of it; where there is no room for both, that alone."""
    if not remark:
        return Content(HEADING)
    whole = Content.assemble(HEADING, Content.styled(f" · {remark}", f"not bold {QUIET}"))
    return whole if whole.cell_length <= width else Content(f"{remark[0].upper()}{remark[1:]}").truncate(width)


def about_template(template: Template, file: str, width: int, *, brief: bool) -> Content:
    """What a template brings along; in brief without its description."""
    lines = [Content(visible_line(template.description))] if template.description and not brief else []
    if facts := template_facts(template, file):
        lines.append(labelled(facts, width, 10))
    return Content("\n").join(lines)


def about_fault(fault: TemplateFault, width: int) -> Content:
    """What is wrong with a file, where, and what to do."""
    lines = [Content.styled(f"✗ {visible(fault.title)}", "$text-error")]
    if fault.hint:
        lines.append(Content(visible(fault.hint)))
    where = visible_line(fault.file) + (f", line {fault.line}" if fault.line else "")
    return Content("\n").join([*lines, labelled((("File", where),), width, 10)])
