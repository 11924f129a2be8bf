"""The transcript in a small program of its own, by keys and by mouse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from msgspec import structs
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from engine.display import visible
from tui.state.turns import TurnLine
from tui.state.window import MOST_TURNS, STEP_TURNS
from tui.widgets.newest_hint import NewestHint
from tui.widgets.transcript import Transcript
from tui.widgets.turn_view import TurnView

pytestmark = pytest.mark.program

STORY = "Once upon a time there was a lighthouse, and every night it blinked: three short, one long."


class Host(App[None]):
    """A transcript above an input."""

    AUTO_FOCUS = "Input"

    def __init__(self, lines: Sequence[TurnLine] = (), *, dropped: int = 0) -> None:
        super().__init__()
        self.lines = tuple(lines)
        self.dropped = dropped
        self.wishes: list[tuple[str, int]] = []
        self.leaves: list[Transcript.Leave] = []

    def compose(self) -> ComposeResult:
        yield Transcript()
        yield Input()

    async def on_mount(self) -> None:
        self.transcript.draw(self.lines, dropped=self.dropped)

    @property
    def transcript(self) -> Transcript:
        return self.screen_stack[0].query_one(Transcript)

    def draw(self, *lines: TurnLine, dropped: int = 0) -> None:
        self.lines = lines
        self.transcript.draw(lines, dropped=dropped)

    def on_transcript_turn_action(self, event: Transcript.TurnAction) -> None:
        self.wishes.append((event.action, event.turn_id))

    def on_transcript_leave(self, event: Transcript.Leave) -> None:
        self.leaves.append(event)


def user(number: int, text: str = "Tell me more.") -> TurnLine:
    return TurnLine(id=number, role="user", label="You", text=text)


def reply(number: int, text: str = STORY, **rest: object) -> TurnLine:
    return structs.replace(TurnLine(id=number, role="assistant", label="gpt2 · Story", text=text), **rest)


def talk(turns: int) -> list[TurnLine]:
    return [
        user(i, f"Question {i}") if i % 2 else reply(i, f"Answer {i}. {STORY}", figures="3 tokens")
        for i in range(1, turns + 1)
    ]


def views(app: Host) -> list[TurnView]:
    return sorted(app.transcript.query(TurnView), key=lambda view: view.turn.id if view.turn.id > 0 else 10**9)


def screen_rows(widget: Widget) -> list[str]:
    """What stands on the screen where a widget is, row by row, without its scrollbar."""
    region = widget.region.shrink((0, widget.scrollbar_size_vertical, 0, 0))
    strips = widget.screen._compositor.render_strips()
    return [
        strip.crop(region.x, region.right).text.rstrip() for strip in strips[region.y : min(region.bottom, len(strips))]
    ]


def first_row(app: Host) -> str:
    return screen_rows(app.transcript)[0].strip(" ▌█")


def cursor(app: Host) -> int | None:
    return app.transcript.cursor_id


def hinted(app: Host) -> bool:
    return app.query_one(NewestHint).display


def at_end(app: Host) -> bool:
    return app.transcript.scroll_y >= app.transcript.max_scroll_y


async def painted(app: Host) -> None:
    """Wait until all that is asked for so far is laid out and painted, turns that come in for it included."""
    for _ in range(3):
        done = asyncio.Event()
        app.transcript.call_after_refresh(done.set)
        await asyncio.wait_for(done.wait(), timeout=10)


async def until(pilot: Pilot[None], condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        await pilot.pause()


# What is drawn


async def test_an_empty_conversation_draws_nothing() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert not views(app)
        assert not "".join(screen_rows(app.transcript)).strip()


async def test_a_turn_says_who_speaks_and_all_that_belongs_to_it() -> None:
    lines = (user(1, "Hello"), reply(2, "Hi.", version=2, versions=3, figures="2 tokens · 9 tokens/s"))
    failed = TurnLine(id=3, role="system", label="Tunesmith", text="", note="The model's process died. Send again.")
    app = Host([*lines, failed])
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        shown = [row.strip(" ▌█") for row in screen_rows(app.transcript)]
    assert shown[:2] == ["You", "Hello"]
    assert shown[3:6] == ["gpt2 · Story   ‹ 2/3 ›", "Hi.", "2 tokens · 9 tokens/s"]
    assert shown[7:9] == ["Tunesmith", "The model's process died. Send again."]


async def test_spaces_tabs_and_blank_lines_stand_as_they_came() -> None:
    app = Host([reply(1, "  two\n\n\tx\n    four  spaces")])
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        shown = [row.removeprefix("▌").removeprefix(" ") for row in screen_rows(views(app)[0])]
    assert shown[1:] == ["  two", "", "    x", "    four  spaces"]


async def test_a_reply_that_is_awaited_says_so() -> None:
    app = Host([user(1), reply(-1, "", live=True)])
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "▍ reading the prompt…" in "\n".join(screen_rows(app.transcript))
        app.draw(user(1), reply(-1, "", live=True, note="waits until gpt2 is loaded"))
        await pilot.pause()
        shown = "\n".join(screen_rows(app.transcript))
        assert "waits until gpt2 is loaded" in shown
        assert "reading" not in shown
        app.draw(user(1), reply(-1, "The", live=True))
        await pilot.pause()
        assert "The▍" in "\n".join(screen_rows(app.transcript))
        app.draw(user(1), reply(2, "The end."))
        await pilot.pause()
        assert "▍" not in "\n".join(screen_rows(app.transcript))


async def test_hostile_text_reaches_the_screen_as_pictures_only() -> None:
    evil = "\x1b]52;c;aGk=\x07 \x9b31m \u202egpj \u200b [bold]b[/] [@click=app.quit]x[/] \ud800"
    line = reply(1, f"{evil}\n<b> [a](javascript:x) &#x202e;", note=evil, figures=evil, label=evil)
    app = Host([line])
    async with app.run_test(size=(100, 24)) as pilot:
        for markdown in (False, True):
            app.transcript.markdown = markdown
            await pilot.pause()
            shown = "\n".join(screen_rows(app.transcript))
            assert visible(shown) == shown
            assert "␛]52;c" in shown
            assert "[bold]b[/] [@click=app.quit]x[/]" in shown
    assert not app.wishes


async def test_turns_that_no_longer_fit_are_marked() -> None:
    app = Host(talk(6), dropped=4)
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.pause()
        shown = screen_rows(app.transcript)
        place = next(i for i, row in enumerate(shown) if "no longer fit" in row)
        assert "Answer 4" in "\n".join(shown[:place])
        assert "Question 5" in "\n".join(shown[place:])
        app.draw(*talk(6), dropped=2)
        await pilot.pause()
        shown = screen_rows(app.transcript)
        place = next(i for i, row in enumerate(shown) if "no longer fit" in row)
        assert "Question 3" in "\n".join(shown[place : place + 4])
        app.draw(*talk(6))
        await pilot.pause()
        assert "no longer fit" not in "\n".join(screen_rows(app.transcript))


async def test_markdown_is_for_replies_alone_and_a_toggle_away() -> None:
    app = Host([user(1, "**you**"), reply(2, "**bold** and `code`\n\n- item")])
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "**bold** and `code`" in "\n".join(screen_rows(app.transcript))
        app.transcript.markdown = True
        await pilot.pause()
        shown = "\n".join(screen_rows(app.transcript))
        assert "bold and code" in shown
        assert "• item" in shown
        assert "**you**" in shown
        assert "**bold**" not in shown
        app.transcript.markdown = False
        await pilot.pause()
        assert "**bold** and `code`" in "\n".join(screen_rows(app.transcript))


async def test_another_theme_shows_at_once() -> None:
    app = Host([user(1), reply(2, "# Title\n\n`code`")])
    async with app.run_test() as pilot:
        app.transcript.markdown = True
        app.theme = "textual-dark"
        await pilot.pause()
        dark = views(app)[1].render_line(0)
        app.theme = "textual-light"
        await pilot.pause()
        light = views(app)[1].render_line(0)
        assert dark.text == light.text
        assert [segment.style for segment in dark] != [segment.style for segment in light]


# A reply that streams


@pytest.mark.parametrize("markdown", [False, True])
async def test_a_streamed_reply_shows_all_that_came(markdown: bool) -> None:
    text = "# Title\n\n" + " ".join(f"word{i}" for i in range(80)) + "\n\n- a\n- b\n\n```py\nx = 1\n```\nend"
    app = Host([user(1)])
    async with app.run_test(size=(60, 50)):
        app.transcript.markdown = markdown
        for end in range(0, len(text), 7):
            app.draw(user(1), reply(-1, text[:end], live=True))
            if end % 5 == 0:
                await painted(app)
        app.draw(user(1), reply(2, text, figures="100 tokens"))
        await painted(app)
        streamed = screen_rows(app.transcript)
        app.draw(user(7))
        app.draw(user(1), reply(2, text, figures="100 tokens"))
        await painted(app)
        assert screen_rows(app.transcript) == streamed
        assert "word79" in "\n".join(streamed)
        assert "100 tokens" in "\n".join(streamed)


async def test_rows_that_are_painted_stay_when_a_reply_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    painted_rows: list[int] = []
    paint = TurnView.render_line

    def render_line(self: TurnView, y: int) -> Strip:
        painted_rows.append(y)
        return paint(self, y)

    question = user(1)
    app = Host([question, reply(-1, "word " * 100, live=True)])
    async with app.run_test(size=(60, 30)):
        await painted(app)
        screen_rows(app.transcript)
        monkeypatch.setattr(TurnView, "render_line", render_line)
        app.draw(question, reply(-1, "word " * 130, live=True))
        await painted(app)
        grown = screen_rows(views(app)[1])
        least = min(painted_rows)
        app.draw(user(7))
        app.draw(user(1), reply(-1, "word " * 130, live=True))
        await painted(app)
        assert screen_rows(views(app)[1]) == grown
    assert least > 5


async def test_resizing_while_a_reply_streams_keeps_its_end_in_sight() -> None:
    app = Host(talk(10))
    async with app.run_test(size=(80, 24)) as pilot:
        for size in ((40, 12), (120, 40)):
            for count in (50, 90):
                app.draw(*talk(10), reply(-1, STORY * count + "END", live=True))
                await painted(app)
                await pilot.resize_terminal(*size)
                await painted(app)
                assert "END▍" in "".join(screen_rows(app.transcript)[-3:]).replace("\n", "")
                assert at_end(app)


# Following


async def stream(app: Host, pilot: Pilot[None], rows: int) -> None:
    """Add so many rows to the last reply."""
    *before, last = app.lines
    for _ in range(rows):
        last = structs.replace(last, text=f"{last.text}\nanother row")
        app.draw(*before, last)
        await painted(app)


async def test_the_end_stays_in_sight_while_it_is() -> None:
    app = Host([*talk(20), reply(-1, "x", live=True)])
    async with app.run_test() as pilot:
        await pilot.pause()
        assert at_end(app)
        await stream(app, pilot, 5)
        assert at_end(app)
        assert "another row▍" in screen_rows(app.transcript)[-2]


async def wheel(app: Host, pilot: Pilot[None], *, up: int = 0, down: int = 0) -> None:
    for notch in range(up + down):
        app.transcript.post_message(mouse_scroll(app.transcript, up=notch < up))
        await painted(app)


def mouse_scroll(widget: Widget, *, up: bool) -> MouseScrollDown | MouseScrollUp:
    kind = MouseScrollUp if up else MouseScrollDown
    return kind(widget, 5, 5, 0, -1 if up else 1, 0, False, False, False, 5, 5)


async def page(app: Host, pilot: Pilot[None], *, up: bool) -> None:
    app.transcript.focus()
    await pilot.press("pageup" if up else "pagedown")
    await pilot.pause()


@pytest.mark.parametrize("by", ["wheel", "keys", "scrollbar"])
async def test_a_reader_who_scrolls_up_is_left_alone_until_back_at_the_end(by: str) -> None:
    app = Host([*talk(20), reply(-1, "x", live=True)])

    async def move(pilot: Pilot[None], *, up: bool) -> None:
        if by == "wheel":
            await wheel(app, pilot, up=3 if up else 0, down=0 if up else 60)
        elif by == "keys":
            for _ in range(1 if up else 9):
                await page(app, pilot, up=up)
        else:
            bar, transcript = app.transcript.vertical_scrollbar, app.transcript
            await pilot.mouse_down(bar, offset=Offset(0, bar.size.height - 1))
            await pilot.hover(bar, offset=Offset(0, bar.size.height - 5 if up else bar.size.height - 1))
            await pilot.mouse_up(bar, offset=Offset(0, bar.size.height - 5 if up else bar.size.height - 1))
            if not up:
                transcript.scroll_to(y=transcript.max_scroll_y, animate=False, immediate=True)
            await pilot.pause()

    async with app.run_test() as pilot:
        await pilot.pause()
        await move(pilot, up=True)
        assert not at_end(app)
        place, shown = app.transcript.scroll_y, first_row(app)
        assert not hinted(app)
        await stream(app, pilot, 4)
        assert app.transcript.scroll_y == place
        assert first_row(app) == shown
        assert hinted(app)
        await move(pilot, up=False)
        assert at_end(app)
        assert not hinted(app)
        await stream(app, pilot, 4)
        assert at_end(app)


async def test_the_hint_leads_to_what_is_new() -> None:
    app = Host([*talk(20), reply(-1, "x", live=True)])
    async with app.run_test() as pilot:
        await pilot.pause()
        await wheel(app, pilot, up=5)
        await stream(app, pilot, 1)
        await pilot.click(NewestHint)
        await pilot.pause()
        assert at_end(app)
        assert not hinted(app)
        await stream(app, pilot, 3)
        assert at_end(app)


async def test_the_wheel_does_not_stop_a_short_talk_from_following() -> None:
    app = Host([user(1), reply(-1, "x", live=True)])
    async with app.run_test() as pilot:
        await pilot.pause()
        await wheel(app, pilot, up=2)
        await stream(app, pilot, 40)
        assert at_end(app)


async def test_another_conversation_opens_at_its_end() -> None:
    app = Host(talk(30))
    async with app.run_test() as pilot:
        await pilot.pause()
        await wheel(app, pilot, up=20)
        other = [structs.replace(line, id=line.id + 1000) for line in talk(50)]
        app.draw(*other)
        await pilot.pause()
        assert at_end(app)
        assert "Answer 50" in "\n".join(screen_rows(app.transcript))
        app.draw()
        await pilot.pause()
        assert not views(app)
        app.draw(*talk(2))
        await pilot.pause()
        assert "Question 1" in "\n".join(screen_rows(app.transcript))


# The window


async def test_only_a_window_of_a_long_talk_is_mounted() -> None:
    app = Host(talk(2_000))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert len(views(app)) <= MOST_TURNS
        assert "Answer 2000" in "\n".join(screen_rows(app.transcript))


async def test_reading_upwards_misses_nothing_and_never_jumps() -> None:
    app = Host([user(i, f"Question {i}") for i in range(1, 131)])
    async with app.run_test(size=(70, 30)) as pilot:
        await until(pilot, lambda: views(app) and at_end(app), "at the end")
        below = screen_rows(app.transcript)
        met: list[str] = []
        while app.transcript.scroll_y > 0:
            app.transcript.scroll_relative(y=-9, animate=False, immediate=True)
            await painted(app)
            rows = screen_rows(app.transcript)
            step = next((n for n in range(10) if rows[n:] == below[: len(below) - n]), None)
            assert step, "the text moved otherwise than by scrolling"
            met = [row for row in rows[:step] if "Question" in row] + met
            below = rows
            assert len(views(app)) <= MOST_TURNS + STEP_TURNS
        numbers = [int(row.split()[-1]) for row in met]
        assert numbers == list(range(1, numbers[-1] + 1))
        assert numbers[-1] > 110


async def test_reading_down_again_reaches_the_end() -> None:
    app = Host(talk(120))
    async with app.run_test(size=(70, 30)) as pilot:
        app.transcript.focus()
        await pilot.press("home")
        await painted(app)
        assert app.transcript.scroll_y == 0
        assert "Question 1" in screen_rows(app.transcript)[1]
        for _ in range(60):
            app.transcript.action_page_down()
            await painted(app)
            assert len(views(app)) <= MOST_TURNS + STEP_TURNS
        assert at_end(app)
        assert "Answer 120" in "\n".join(screen_rows(app.transcript))


async def test_home_and_end_cross_ten_thousand_turns_at_once() -> None:
    app = Host(talk(10_000))
    async with app.run_test() as pilot:
        app.transcript.focus()
        await pilot.pause()
        await pilot.press("home")
        await pilot.pause()
        assert cursor(app) == 1
        assert "Question 1" in screen_rows(app.transcript)[1]
        await pilot.press("end")
        await pilot.pause()
        assert cursor(app) == 10_000
        assert at_end(app)
        app.draw(*app.lines, user(10_001, "and now"))
        await pilot.pause()
        assert at_end(app)
        assert "and now" in "\n".join(screen_rows(app.transcript))


async def test_new_turns_do_not_move_a_reader_further_up() -> None:
    app = Host(talk(100))
    async with app.run_test() as pilot:
        await painted(app)
        await wheel(app, pilot, up=30)
        rows = screen_rows(app.transcript)[:-1]
        for count in (101, 102, 119, 120, 121, 160):
            app.draw(*talk(count))
            await painted(app)
            assert screen_rows(app.transcript)[:-1] == rows
        assert hinted(app)


async def test_another_width_keeps_the_turn_that_is_read_on_top() -> None:
    app = Host(talk(60))
    async with app.run_test(size=(100, 24)) as pilot:
        await pilot.pause()
        await wheel(app, pilot, up=12)
        top = next(view.turn.id for view in views(app) if view.region.bottom > app.transcript.region.y)
        for width in (50, 120, 40):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            assert next(view.turn.id for view in views(app) if view.region.bottom > app.transcript.region.y) == top


def has_width(app: Host, width: int) -> bool:
    return app.screen._compositor.size.width == width


async def test_a_width_that_was_there_before_wraps_anew() -> None:
    app = Host([user(1), reply(2, STORY * 3)])
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        text = STORY * 3
        for width in (60, 100, 120, 60, 100, 60, 120):
            await pilot.resize_terminal(width, 40)
            await until(pilot, partial(has_width, app, width), "the new width")
            await pilot.pause()
            text += " x"
            app.draw(user(1), reply(2, text))
            await pilot.pause()
            shown = " ".join(row.strip(" ▌") for row in screen_rows(views(app)[1]))
            assert text.replace(" ", "") in shown.replace(" ", ""), width


async def test_a_branch_shows_in_place_of_the_other() -> None:
    app = Host(talk(50))
    async with app.run_test() as pilot:
        await pilot.pause()
        app.draw(*talk(30), user(900, "another way"))
        await pilot.pause()
        shown = "\n".join(screen_rows(app.transcript))
        assert "another way" in shown
        assert "Answer 30" in shown
        assert at_end(app)


# The cursor and what is done with turns


@pytest.mark.parametrize(
    ("key", "wish"),
    [
        ("e", "edit"),
        ("r", "regenerate"),
        ("g", "continue"),
        ("c", "copy"),
        ("y", "copy"),
        ("left", "older"),
        ("right", "newer"),
    ],
)
async def test_keys_act_on_the_turn_under_the_cursor(key: str, wish: str) -> None:
    app = Host([user(1), reply(2, version=2, versions=3), user(3), reply(4, version=2, versions=3)])
    async with app.run_test(size=(80, 40)) as pilot:
        app.transcript.focus()
        await pilot.pause()
        assert cursor(app) == 4
        await pilot.press(key)
        await pilot.press("up", "k", key)
        await pilot.pause()
        assert app.wishes == [(wish, 4), (wish, 2)]


async def test_there_is_nothing_before_the_first_version_or_after_the_last() -> None:
    app = Host([reply(1)])
    async with app.run_test() as pilot:
        app.transcript.focus()
        await pilot.press("left", "right")
        await pilot.pause()
        assert app.wishes == []


async def test_the_cursor_is_only_there_with_the_focus_but_stays_under_a_dialog() -> None:
    app = Host(talk(4))
    async with app.run_test(size=(80, 40)) as pilot:
        app.query_one(Input).focus()
        await pilot.pause()
        assert cursor(app) is None
        app.transcript.focus()
        await pilot.pause()
        await pilot.press("up")
        assert cursor(app) == 3
        app.push_screen(ModalScreen[None]())
        await pilot.pause()
        assert cursor(app) == 3
        app.pop_screen()
        await pilot.pause()
        app.query_one(Input).focus()
        await pilot.pause()
        assert cursor(app) is None


async def test_below_the_last_turn_the_cursor_leaves() -> None:
    app = Host(talk(3))
    async with app.run_test(size=(80, 40)) as pilot:
        app.transcript.focus()
        await pilot.pause()
        await pilot.press("up", "j")
        await pilot.pause()
        assert app.focused is app.transcript
        await pilot.press("down")
        await pilot.pause()
        assert len(app.leaves) == 1


async def test_a_turn_higher_than_the_screen_is_read_through() -> None:
    tall = reply(2, "\n".join(f"row {i}" for i in range(1, 61)))
    app = Host([user(1), tall, user(3)])
    async with app.run_test(size=(60, 20)) as pilot:
        app.transcript.focus()
        await pilot.press("home")
        await painted(app)
        await pilot.press("down")
        await painted(app)
        seen: set[str] = set()
        for _ in range(20):
            if cursor(app) != 2:
                break
            seen.update(row.strip(" ▌█") for row in screen_rows(app.transcript))
            await pilot.press("down")
            await painted(app)
        assert cursor(app) == 3
        assert {f"row {i}" for i in range(1, 61)} <= seen


async def test_the_cursor_walks_through_all_turns() -> None:
    app = Host(talk(90))
    async with app.run_test(size=(80, 24)) as pilot:
        app.transcript.focus()
        await pilot.press("home")
        await painted(app)
        for number in range(1, 91):
            assert cursor(app) == number
            shown = next(view for view in views(app) if view.turn.id == number)
            assert shown.has_class("-cursor")
            assert app.transcript.region.contains_region(shown.region)
            app.transcript.action_turn_next()
            await painted(app)
        await pilot.pause()
        assert len(app.leaves) == 1


async def test_the_cursor_stays_on_a_reply_that_gets_its_id() -> None:
    app = Host([user(1), reply(-1, live=True)])
    async with app.run_test() as pilot:
        app.transcript.focus()
        await pilot.pause()
        await pilot.press("end")
        assert cursor(app) == -1
        app.draw(user(1), reply(2))
        await pilot.pause()
        assert cursor(app) == 2


def place_of(app: Host, view: TurnView, words: str) -> Offset:
    """Where some words stand, from the widget's corner."""
    row = screen_rows(view)[0]
    return Offset(row.index(words) + 1, 0)


async def test_the_mouse_reaches_all_controls() -> None:
    app = Host([user(1), reply(2, version=2, versions=3), user(3)])
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.pause()
        asked, answered, _ = views(app)
        assert "edit" not in screen_rows(answered)[0]
        for words, wish in (
            ("‹", "older"),
            ("›", "newer"),
            ("edit", "edit"),
            ("again", "regenerate"),
            ("go on", "continue"),
            ("copy", "copy"),
        ):
            await pilot.hover(answered, offset=Offset(3, 1))
            await pilot.pause()
            await pilot.click(answered, offset=place_of(app, answered, words))
            await pilot.pause()
            assert app.wishes.pop() == (wish, 2)
        await pilot.hover(asked, offset=Offset(3, 1))
        await pilot.pause()
        await pilot.click(asked, offset=place_of(app, asked, "edit"))
        await pilot.pause()
        assert app.wishes == [("edit", 1)]


async def test_a_click_puts_the_cursor_on_a_turn() -> None:
    app = Host(talk(3))
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.pause()
        await pilot.click(views(app)[1], offset=Offset(10, 1))
        await pilot.pause()
        assert cursor(app) == 2


# Selecting text


async def drag(pilot: Pilot[None], start: tuple[Widget, Offset], end: tuple[Widget, Offset]) -> None:
    await pilot.mouse_down(start[0], offset=start[1])
    await pilot.hover(end[0], offset=end[1])
    await pilot.mouse_up(end[0], offset=end[1])
    await pilot.pause()


async def test_a_selection_is_the_very_text() -> None:
    text = "  def f(x):\n\n\treturn 字幕 + x  \n" + "word " * 40
    app = Host([reply(1, text)])
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.pause()
        view = views(app)[0]
        end = Offset(view.size.width, view.size.height)
        await drag(pilot, (view, Offset(2, 1)), (view, end - Offset(1, 0)))
        selected = app.screen.get_selected_text()
        assert selected is not None
        assert text.startswith(selected)
        assert len(selected) >= len(text) - 6


async def test_a_selection_begins_and_ends_where_the_mouse_was() -> None:
    app = Host([reply(1, "字幕 alpha beta\n\tgamma delta")])
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.pause()
        view = views(app)[0]
        await drag(pilot, (view, Offset(2 + 5, 1)), (view, Offset(2 + 8, 2)))
        assert app.screen.get_selected_text() == "alpha beta\n\tgamma"


async def test_a_selection_reaches_across_turns() -> None:
    app = Host([user(1, "first text"), reply(2, "second\n\ntext", figures="9 tokens"), user(3, "third text")])
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.pause()
        first, _, third = views(app)
        await drag(pilot, (first, Offset(2 + 6, 1)), (third, Offset(2 + 5, 1)))
        assert app.screen.get_selected_text() == "text\nsecond\n\ntext\nthird"


async def test_ctrl_c_copies_what_is_selected() -> None:
    app = Host([reply(1, "alpha beta")])
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.pause()
        view = views(app)[0]
        await drag(pilot, (view, Offset(2, 1)), (view, Offset(2 + 4, 1)))
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert app.clipboard == "alpha"


async def test_a_selection_outlives_what_streams() -> None:
    app = Host([user(1, "question"), reply(-1, "alpha beta\ngamma", live=True)])
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        view = views(app)[1]
        await drag(pilot, (view, Offset(2, 1)), (view, Offset(2 + 4, 1)))
        await stream(app, pilot, 30)
        assert app.screen.get_selected_text() == "alpha"


async def test_selected_turns_stay_mounted() -> None:
    app = Host(talk(200))
    async with app.run_test():
        await painted(app)
        view = views(app)[-1]
        app.screen.selections = {view: Selection(None, None)}
        for _ in range(30):
            app.transcript.action_page_up()
            await painted(app)
        assert len(views(app)) > MOST_TURNS
        assert view.is_attached
        assert (app.screen.get_selected_text() or "").startswith("Answer 200")


async def test_another_text_in_the_same_place_is_not_selected() -> None:
    app = Host([user(1, "alpha")])
    async with app.run_test() as pilot:
        await pilot.pause()
        app.screen.selections = {views(app)[0]: Selection(None, None)}
        app.draw(user(2, "beta"))
        await pilot.pause()
        assert not app.screen.get_selected_text()


# What it costs


async def cpu_seconds_of_paints(turns: int, paints: int = 25) -> float:
    lines = talk(turns)
    app = Host(lines)
    async with app.run_test(size=(100, 30)):
        await painted(app)
        text = STORY * 20

        async def paint(times: int) -> float:
            nonlocal text
            began = time.process_time()
            for _ in range(times):
                text += " another word"
                app.draw(*lines, reply(-1, text, live=True))
                await painted(app)
            return time.process_time() - began

        await paint(5)
        return await paint(paints)


async def test_a_word_costs_no_more_in_a_long_talk() -> None:
    pairs = [(await cpu_seconds_of_paints(20), await cpu_seconds_of_paints(2_000)) for _ in range(2)]
    short, long = (min(costs) for costs in zip(*pairs, strict=True))
    assert long < 2 * short + 0.05
