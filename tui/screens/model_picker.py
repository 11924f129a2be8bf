"""Picks the model to talk to: one that is here, a folder, a .gguf file, or a download."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec
from textual import on
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label, Select, Static

from engine.display import visible_line
from engine.models.records import ModelEntry
from engine.precisions import PRECISIONS
from tui.renderables.fitted import QUIET, Fitted, columns, labelled, marked
from tui.screens.dialog import Dialog, Key
from tui.state.picking import ModelRows, is_pickable, match_spans, model_cells, model_facts, model_rows
from tui.widgets.filter_list import FilterList, Row

_DEVICES = ("auto", "cpu", "cuda", "mps")
_TYPED = "typed:"
_ENTRY = "entry:"
_TROUBLED = {"✗", "↻"}
_TROUBLED_NAME = 22
_MAKER = 8
"""The fewest cells in which a maker's name says anything."""
_LOOKING = "Looking for models on this machine…"
_NOTHING = "Nothing answers to that. A folder, a .gguf file or a hub name such as gpt2 can be typed in full."
_NONE_HERE = "No model is here yet. Pick one below to download it, or type the path of a folder or .gguf file above."
_NO_ENTRIES = (
    "No model is here yet.\n\nType the path of a model's folder or of a .gguf file, or a name of the hub such as "
    "gpt2, and press Enter."
)


class ModelChoice(msgspec.Struct, frozen=True):
    """What was picked. Fields as in `engine.protocol.LoadModel`."""

    ref: str
    device: str
    dtype: str


class ModelPicker(Dialog[ModelChoice]):
    """The models in two groups, and the facts about the one under the cursor. Gives a `ModelChoice`, or None."""

    HEADING = "Pick a model"
    KEYS = (
        Key("Enter", "opens", "choose"),
        Key("↑↓", "move"),
        Key("Tab", "device, precision", "app.focus_next"),
        Key("Esc", "closes", "close"),
    )

    DEFAULT_CSS: ClassVar[str] = """
    ModelPicker.-wide > .dialog--frame { max-width: 172; }
    ModelPicker {
        #model-body { height: 1fr; }
        #model-facts {
            width: 38%; max-width: 52; height: 1fr; padding: 0 1 0 2; margin-left: 1;
            border-left: vkey $border; scrollbar-size-vertical: 1;
        }
        &.-narrow #model-body { layout: vertical; }
        &.-narrow #model-facts {
            width: 100%; max-width: 100%; height: 2; border: none; margin: 0; padding: 0 1; color: $text-muted;
        }
        #model-fault { display: none; color: $text-error; padding: 0 1; margin-top: 1; max-height: 4; }
        #model-place { height: 1; margin-top: 1; padding: 0 1; }
        #model-precision { height: 1; padding: 0 1; color: $text-muted; }
        &.-short #model-precision { display: none; }
        &.-short #model-place, &.-short #model-fault { margin-top: 0; }
        #model-place Label { color: $text-muted; margin-right: 1; }
        #model-place Select { width: 18; margin-right: 4; }
        #model-place SelectCurrent { background: $panel; padding: 0 1; border: none; }
        #model-place Select:focus > SelectCurrent { border: none; background: $primary 30%; }
    }
    """

    def __init__(
        self, entries: Sequence[ModelEntry] | None, current: str, *, device: str = "auto", dtype: str = "auto"
    ) -> None:
        """Make the picker.

        Args:
            entries: The models; None while they are still looked for: `update_entries` brings them.
            current: The reference of the model in use; empty where there is none.
            device: What is preset, as in `engine.protocol.LoadModel`.
            dtype: What is preset, as in `engine.protocol.LoadModel`.
        """
        super().__init__()
        self._entries = None if entries is None else _without_doubles(entries)
        self._entry_by_row: dict[str, ModelEntry] = {}
        self._is_drawn = False
        self._current = current
        self._device = device
        self._dtype = dtype

    def parts(self) -> Iterator[Widget]:
        """The list beside the facts; beneath them device and precision."""
        filter_list = FilterList(placeholder="Filter, or type a folder, a .gguf file or a hub name")
        facts = VerticalScroll(Static("", markup=False), id="model-facts", can_focus=False)
        yield Horizontal(filter_list, facts, id="model-body")
        yield Static("", id="model-fault", markup=False)
        yield Horizontal(
            Label("Device"),
            _select(_DEVICES, self._device, "model-device"),
            Label("Precision"),
            _select(tuple(PRECISIONS), self._dtype, "model-dtype"),
            id="model-place",
        )
        yield Static("", id="model-precision", markup=False)

    def on_mount(self) -> None:
        """Show what is known, with the cursor on the model in use."""
        self._is_drawn = True
        self._show()

    def on_resize(self) -> None:
        """Lay the facts out for another width."""
        self._show_facts()

    def update_entries(self, entries: Sequence[ModelEntry]) -> None:
        """Show other models, the cursor staying where it was. May come before or after the dialog is on the screen."""
        self._entries = _without_doubles(entries)
        if self._is_drawn and self.is_open:
            self._show(self.query_one(FilterList).highlighted_id)

    def action_choose(self) -> None:
        """Pick what is under the cursor."""
        if row_id := self.query_one(FilterList).highlighted_id:
            self._choose(row_id)

    def _show(self, highlight: str = "") -> None:
        filter_list = self.query_one(FilterList)
        query = filter_list.query_text
        entries = self._entries or ()
        rows = model_rows(entries, query)
        self._entry_by_row = {_row_id(entry): entry for entry in entries}
        shown = _rows(rows, query, self._current, looking=self._entries is None, any_here=any(e.here for e in entries))
        note = ""
        if not any(row.id for row in shown):
            note = _LOOKING if self._entries is None else _NOTHING if query else _NO_ENTRIES
        exact = f"{_ENTRY}{query or self._current}"
        filter_list.show(shown, highlight=highlight or exact, note=note)
        count = len(entries)
        self.frame.border_subtitle = Content(f"{len(rows.here) + len(rows.offers)} of {count}" if count else "")

    @on(FilterList.Filtered)
    def _narrow(self) -> None:
        self._show()

    @on(FilterList.Highlighted)
    def _highlighted(self) -> None:
        self._say("")
        self._show_facts()

    @on(FilterList.Chosen)
    def _chosen(self, event: FilterList.Chosen) -> None:
        self._choose(event.row_id)

    @on(Select.Changed, "#model-dtype")
    def _show_precision(self, event: Select.Changed) -> None:
        words = PRECISIONS.get(str(event.value), "")
        self.query_one("#model-precision", Static).update(f"{event.value}: {words}" if words else "")

    def _choose(self, row_id: str) -> None:
        entry = self._entry_by_row.get(row_id)
        if entry is not None and not is_pickable(entry):
            self._say(f"{entry.name} can't be opened: {entry.fault}")
            return
        ref = entry.ref if entry is not None else row_id.removeprefix(_TYPED)
        device, dtype = (str(self.query_one(f"#model-{name}", Select).value) for name in ("device", "dtype"))
        self.dismiss(ModelChoice(ref, device, dtype))

    def _say(self, fault: str) -> None:
        static = self.query_one("#model-fault", Static)
        static.display = bool(fault)
        static.update(f"✗ {visible_line(fault)}")

    def _show_facts(self) -> None:
        facts = self.query_one("#model-facts", VerticalScroll)
        row_id = self.query_one(FilterList).highlighted_id
        entry = self._entry_by_row.get(row_id)
        narrow = self.has_class("-narrow")
        if entry is not None:
            content = Fitted(lambda width: _facts_on_two_lines(entry, width) if narrow else _facts(entry, width))
        elif row_id:
            words = _typed_words(row_id.removeprefix(_TYPED))
            content = Fitted(lambda width: Content.styled(words, QUIET))
        else:
            content = Fitted(lambda width: Content(""))
        facts.query_one(Static).update(content)


def _without_doubles(entries: Sequence[ModelEntry]) -> tuple[ModelEntry, ...]:
    """The first entry of each reference: a list can't have two rows of one id."""
    firsts: dict[str, ModelEntry] = {}
    for entry in entries:
        firsts.setdefault(entry.ref, entry)
    return tuple(firsts.values())


def _select(options: Sequence[str], value: str, id: str) -> Select[str]:
    known = options if value in options else (*options, value)
    return Select([(option, option) for option in known], value=value, allow_blank=False, compact=True, id=id)


def _row_id(entry: ModelEntry) -> str:
    return f"{_ENTRY}{entry.ref}"


def _typed_words(ref: str) -> str:
    if ref.startswith(("/", "~", ".")) or ref.endswith(".gguf"):
        return "Opens the model at this path: a folder with safetensors weights, or a .gguf file."
    return "Opens the model of this name if it is here, and downloads it from the hub if it is not."


def _rows(rows: ModelRows, query: str, current: str, *, looking: bool, any_here: bool) -> list[Row]:
    shown: list[Row] = []
    if rows.here or rows.offers:
        if rows.here:
            shown.append(_heading("Here", len(rows.here)))
        elif not any_here and not query:
            shown += [_heading("Here", 0), Row("", Content.styled(_LOOKING if looking else _NONE_HERE, QUIET))]
        shown += [_row(entry, query, current) for entry in rows.here]
        if rows.offers:
            if shown:
                shown.append(Row("", Content(" ")))
            shown.append(_heading("To download", len(rows.offers)))
        shown += [_row(entry, query, current) for entry in rows.offers]
    if rows.typed:
        if shown:
            shown.append(Row("", Content(" ")))
        words = Content.assemble(("+ ", "bold"), f"Open or download “{visible_line(rows.typed)}”")
        shown.append(Row(f"{_TYPED}{rows.typed}", words))
    return shown


def _heading(words: str, count: int) -> Row:
    return Row("", Content.assemble((words, "bold $secondary"), (f"  {count}" if count else "", QUIET)))


def _row(entry: ModelEntry, query: str, current: str) -> Row:
    cells = model_cells(entry)
    mark = "●" if entry.ref == current else "✗" if not is_pickable(entry) else "↻" if entry.resumable else " "
    return Row(_row_id(entry), Fitted(lambda width: _columns(cells, mark, query, width), height=1))


def _columns(cells: Sequence[str], mark: str, query: str, width: int) -> Content:
    name, parameters, size, context, kind, remark = cells
    numbers = 6 + 7 + 6 + 8 + 4 * 2
    room = width - numbers
    name_width = max(12, min(40, room - 24 if room > 52 else room))
    remark_width = max(0, room - name_width - 2)
    quiet = QUIET if mark != "✗" else "$text-error"
    cell = Content.assemble((f"{mark} ", "bold"), _name(name, query, name_width - 2))
    if mark in _TROUBLED:
        # What is wrong is worth more room than numbers that are seldom known then.
        name_width = min(name_width, max(_TROUBLED_NAME, cell.cell_length))
        return columns((cell, name_width, False), (Content.styled(remark, quiet), width - name_width - 2, False))
    return columns(
        (cell, name_width, False),
        (Content(parameters), 6, True),
        (Content(size), 7, True),
        (Content.styled(context, QUIET), 6 if width >= 46 else 0, True),
        (Content.styled(kind, QUIET), 8 if width >= 56 else 0, False),
        (Content.styled(remark, quiet), remark_width if remark_width >= 12 else 0, False),
    )


def _name(name: str, query: str, width: int) -> Content:
    """The maker of a hub name goes behind: where there is no room, the model's own name is what one has to see."""
    maker, slash, own = name.rpartition("/")
    shown = marked(own, match_spans(own, query))
    quiet = marked(maker, match_spans(maker, query)).stylize_before(QUIET)
    fits = width - shown.cell_length - 2 >= min(_MAKER, quiet.cell_length)
    return Content.assemble(shown, "  ", quiet) if slash and fits else shown


def _facts(entry: ModelEntry, width: int) -> Content:
    lines = [Content.styled(visible_line(entry.name), "bold $accent")]
    if entry.description:
        lines.append(Content(visible_line(entry.description)))
    lines += [Content(""), labelled(model_facts(entry), width, 14)]
    if entry.fault:
        style = "$text-warning" if entry.resumable else "$text-error"
        lines += [Content(""), Content.styled(f"{'↻' if entry.resumable else '✗'} {visible_line(entry.fault)}", style)]
    return Content("\n").join(lines)


def _facts_on_two_lines(entry: ModelEntry, width: int) -> Content:
    facts = dict(model_facts(entry))
    first = " · ".join(facts[name] for name in ("Kind", "Architecture", "Weights", "Window") if name in facts)
    second = visible_line(entry.fault or entry.where or entry.description)
    return Content("\n").join([Content(line).truncate(width, ellipsis=True) for line in (first, second)])
