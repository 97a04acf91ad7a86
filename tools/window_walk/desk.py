# SPDX-License-Identifier: GPL-3.0-or-later
"""The person at the window: looks, points, clicks, types and takes pictures."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from window_walk.machine import SCREEN, Machine

ROW = 7
"""Pixels from one look for a button to the next, downwards; a button is 20 high."""

PARTS = (0.7, 0.93, 0.3, 0.5, 0.85)
"""Where a section's width is looked for a button."""


class UnseenError(Exception):
    """The window does not show what it should; the message says what."""


class Desk:
    """A person at a Blender window. Points are in pixels from the window's lower left corner, as in Blender.

    Args:
        machine: where Blender runs.
        pictures: the folder that pictures go to.
    """

    def __init__(self, machine: Machine, pictures: Path) -> None:
        self.machine, self.pictures = machine, pictures
        self.log = machine.folder / "blender.log"
        self._asked = 0
        self._known: dict[tuple[str, str], list[float]] = {}
        self._section = ""
        self._heads: dict[str, int] = {}

    # What Blender says.

    def ask(self, what: str, seconds: float = 120.0, **given: Any) -> Any:
        """Ask Blender; see `inside.py` for what can be asked.

        Raises:
            UnseenError: it does not answer, or answers with a fault.
        """
        self._asked += 1
        box = self.machine.folder / "box"
        ask, answer = box / f"{self._asked:05}.ask", box / f"{self._asked:05}.answer"
        unfinished = box / f"{self._asked:05}.new"
        unfinished.write_text(json.dumps({"do": what, "given": given}), encoding="utf-8")
        unfinished.replace(ask)
        end = time.monotonic() + seconds
        while not answer.exists():
            if not self.machine.alive():
                raise UnseenError("Blender has ended by itself")
            if time.monotonic() > end:
                raise UnseenError(f"Blender did not answer in {seconds:.0f} seconds when it was asked for {what}")
            time.sleep(0.01)
        said = json.loads(answer.read_text(encoding="utf-8"))
        answer.unlink()
        if "fault" in said:
            raise UnseenError(said["fault"])
        return said["said"]

    def see(self) -> dict[str, Any]:
        """Return what the scene shows; see `inside.state`."""
        return self.ask("state")

    def wait_until(self, what: str, true: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> dict[str, Any]:
        """Wait until the scene shows something, and return it.

        Raises:
            UnseenError: it does not, with `what` should have been seen.
        """
        end = time.monotonic() + seconds
        while True:
            seen = self.see()
            if true(seen):
                return seen
            if time.monotonic() > end:
                raise UnseenError(f"not seen after {seconds:.0f} seconds: {what}")
            time.sleep(0.2)

    def wait_for_work(self, seconds: float = 300.0) -> dict[str, Any]:
        """Wait until nothing works any more."""
        time.sleep(0.4)
        return self.wait_until("the end of the work", lambda seen: not seen["working"], seconds)

    # Pointer and keys.

    def xdotool(self, *words: object) -> None:
        """Move the pointer and press what a person would."""
        self.machine.run("xdotool", *words)

    def point(self, x: float, y: float) -> None:
        """Move the pointer."""
        self.xdotool("mousemove", round(x), SCREEN[1] - 1 - round(y))

    def click(self, x: float, y: float, *held: str, button: int = 1) -> None:
        """Click at a point, with keys held."""
        down = [word for key in held for word in ("keydown", key)]
        up = [word for key in held for word in ("keyup", key)]
        self.point(x, y)
        time.sleep(0.15)
        self.xdotool(*down, "click", button, *up)
        time.sleep(0.3)

    def double_click(self, x: float, y: float) -> None:
        """Click twice at a point, as fast as a person."""
        self.point(x, y)
        time.sleep(0.15)
        self.catch_up()
        self.xdotool("click", "--repeat", 2, "--delay", 80, 1)
        self.catch_up()
        time.sleep(0.5)

    def drag(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag with the left button."""
        self.point(*begin)
        time.sleep(0.15)
        self.catch_up()
        self.xdotool("mousedown", 1)
        # Else a Blender that lags takes the button to be pressed where the pointer is by then.
        self.catch_up()
        for part in (0.1, 0.5, 0.9, 1.0):
            self.point(*(first + part * (last - first) for first, last in zip(begin, end, strict=True)))
            time.sleep(0.1)
        self.xdotool("mouseup", 1)
        time.sleep(0.3)

    def catch_up(self) -> None:
        """Wait until Blender has seen what was done."""
        for _ in range(2):
            self.ask("dialog_open")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.xdotool("key", key)
            time.sleep(0.15)
            self.catch_up()

    def over(self, kind: str, region: str = "WINDOW") -> tuple[float, float]:
        """Move the pointer over an editor, and return where to."""
        x, y, width, height = self.ask("place", kind=kind, region=region)
        at = x + 0.35 * width, y + 0.5 * height
        self.point(*at)
        time.sleep(0.2)
        return at

    # The tab.

    def open_section(self, label: str) -> None:
        """Open one section of the tab, and close the others: Ctrl and a click on its head do that in Blender.

        Raises:
            UnseenError: it does not open.
        """
        if self._section == label:
            return
        if not self._heads or self._section:
            self._close_all()
        for _ in range(3):
            if self._click_head(label) == [label]:
                self._section = label
                return
        self.forget()
        raise UnseenError(f"the section {label} does not open alone")

    def _open_sections(self) -> list[str]:
        """Return the sections that Blender draws the insides of."""
        # Sections that give way to a larger one glide.
        time.sleep(0.3)
        draws = self.ask("sections")["draws"]
        for _ in range(200):
            found = self.ask("open_sections", draws=draws)
            if found is not None:
                return found
            time.sleep(0.05)
        raise UnseenError("the tab is not drawn")

    def _click_head(self, label: str, *held: str) -> list[str]:
        """Click the head of a section, and return which are open then: others than before, or nothing has happened."""
        before = self._open_sections()
        x, y, width, height = self.ask("place", kind="VIEW_3D", region="UI")
        self.click(x + 0.6 * (width - 20), y + height - self._heads[label], *held)
        # A second click too early would take the first one back.
        for _ in range(5):
            found = self._open_sections()
            if found != before:
                break
        return found

    def _close_all(self) -> None:
        """Close all sections, from any state: the heads of the first and of one open alone have known places."""
        labels = self.ask("sections")["all"]
        self._heads = {label: HEAD // 2 + HEAD_GAP + number * HEAD for number, label in enumerate(labels)}
        self._section = ""
        found = self._open_sections()
        for _ in range(6):
            if not found:
                return
            found = self._click_head(found[0]) if len(found) == 1 else self._click_head(labels[0], "ctrl")
        raise UnseenError(f"the sections {', '.join(found)} do not close")

    def find(self, section: str, wanted: str, parts: tuple[float, ...] = PARTS) -> tuple[float, float]:
        """Return where a button of a section is: `wanted` is a part of its operator's call or of its property's path.

        Args:
            section: its label.
            wanted: what Blender says of the button.
            parts: of the section's width, where it is looked for from above, one after the other.

        Raises:
            UnseenError: it is not in the section, or greyed out.
        """
        self.open_section(section)
        x, y, width, height = self.ask("place", kind="VIEW_3D", region="UI")
        top = y + height - self._heads[section] - HEAD // 2
        bottom = max(y, top - BODY)
        points = []
        if (section, wanted) in self._known:
            points.append(self._known[section, wanted])
        inner = width - 24
        for part in parts:
            points += [(x + part * inner, top - down) for down in range(4, top - bottom, ROW)]
        found = self.ask("hunt", points=points, wanted=wanted) or self.ask("hunt", points=points, wanted=wanted)
        if found is None:
            raise UnseenError(f"there is no button {wanted} in the section {section} that can be pressed")
        (at_x, at_y), _ = found
        # Not at its very edge.
        if (section, wanted) not in self._known:
            at_y -= ROW // 2
        self._known[section, wanted] = [at_x, at_y]
        return at_x, at_y

    def find_in_head(self, section: str, wanted: str) -> tuple[float, float]:
        """Return where a button in the head of a section is.

        Raises:
            UnseenError: it is not there.
        """
        self.open_section(section)
        x, y, width, height = self.ask("place", kind="VIEW_3D", region="UI")
        at = y + height - self._heads[section]
        found = self.ask("hunt", points=[(x + along, at) for along in range(width // 2, width - 24, 8)], wanted=wanted)
        if found is None:
            raise UnseenError(f"there is no button {wanted} in the head of the section {section}")
        (at_x, at_y), _ = found
        # Not at its very edge.
        return at_x + 6, at_y

    def wait_opened(self, name: str, count: int = 1) -> str:
        """Wait until so many files or addresses of a name were handed to the system to be opened; return the last.

        Raises:
            UnseenError: they were not.
        """
        for _ in range(100):
            opened = [each for each in self.machine.opened if each.endswith(name)]
            if len(opened) >= count:
                return opened[-1]
            time.sleep(0.1)
        raise UnseenError(f"{name} was not opened; opened were {', '.join(self.machine.opened) or 'no files'}")

    def press_button(self, section: str, wanted: str, parts: tuple[float, ...] = PARTS) -> None:
        """Click a button of a section."""
        self.click(*self.find(section, wanted, parts))

    def write(self, section: str, wanted: str, text: str, path: bool = False) -> None:
        """Write into a field of a section: Enter over it opens it, and one with a path a click."""
        at = self.find(section, wanted)
        if path:
            self.click(*at)
        else:
            self.point(*at)
            time.sleep(0.3)
            self.press("Return")
        self.press("ctrl+a")
        self.xdotool("type", text)
        self.press("Return")
        time.sleep(0.3)

    def turn_wheel(self, section: str, wanted: str, clicks: int = 1) -> None:
        """Turn the wheel with Ctrl over a menu of a section, which takes the next of its choices."""
        self.point(*self.find(section, wanted))
        time.sleep(0.3)
        for _ in range(clicks):
            self.xdotool("keydown", "ctrl", "click", 5, "keyup", "ctrl")
            time.sleep(0.3)

    def answer_dialog(self, path: Path) -> None:
        """Give the open file dialog a file, and confirm by Enter.

        Raises:
            UnseenError: no dialog opens or closes.
        """
        for _ in range(40):
            if self.ask("dialog_open"):
                break
            time.sleep(0.1)
        time.sleep(0.5)
        inner = Path(self.machine.inner(path))
        if not self.ask("write_in_dialog", directory=str(inner.parent), name=inner.name):
            raise UnseenError("no file dialog has opened")
        self.over("FILE_BROWSER")
        time.sleep(0.5)
        self.press("Return")
        for _ in range(300):
            if not self.ask("dialog_open"):
                return
            time.sleep(0.1)
        raise UnseenError("the file dialog does not close")

    def forget(self) -> None:
        """Forget where buttons are and which section is open: another file shows other ones."""
        self._known.clear()
        self._heads.clear()
        self._section = ""

    def photograph(self, name: str, rest: bool = True) -> Path:
        """Take a picture of the screen; at rest, with the pointer out of the way."""
        if rest:
            x, y, width, height = self.ask("place", kind="VIEW_3D", region="HEADER")
            self.point(x + 0.35 * width, y + 0.5 * height)
        self.catch_up()
        time.sleep(0.6)
        taken = self.machine.folder / "screen.png"
        self.machine.run("import", "-window", "root", self.machine.inner(taken))
        target = self.pictures / f"{name}.png"
        shutil.move(taken, target)
        return target


HEAD, HEAD_GAP, BODY = 28, 2, 420
"""Pixels of a closed section, of what is above the first, and of the height of the largest section."""
