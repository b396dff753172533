"""How far the program's rows and the plain model's agree, in their scores too where the rule has such."""

from dataclasses import dataclass

TOLERANCE = 0.3  # bits
ROUNDING = 0.005  # the program writes two decimals
THRESHOLD = 2


@dataclass
class Agreement:
    """Counts over all rows of all searches."""

    rows: int = 0
    agreed: int = 0
    worst: float = 0.0
    other_verdicts: int = 0
    first_difference: str = ""

    def compare(self, now, expected, found):
        """Adds one search: the model's rows and the program's."""
        expected = {row[:3]: row.score or 0.0 for row in expected}
        found = {row[:3]: row.score or 0.0 for row in found}
        for key in sorted(expected.keys() | found.keys(), key=str):
            self._compare_one(now, key, expected.get(key), found.get(key))

    def _compare_one(self, now, key, expected, found):
        self.rows += 1
        if expected is not None and found is not None:
            difference = abs(expected - found)
            self.worst = max(self.worst, difference)
            self.other_verdicts += (expected >= THRESHOLD) != (found >= THRESHOLD)
            if difference <= TOLERANCE + ROUNDING:
                self.agreed += 1
                return
        place = f"now()={now}, {', '.join(filter(None, key))}"
        said = f"{place}: the plain model says {_text(expected)}, the program {_text(found)}"
        self.first_difference = self.first_difference or said

    def add(self, other):
        """Sums the counts of two worlds."""
        self.rows += other.rows
        self.agreed += other.agreed
        self.worst = max(self.worst, other.worst)
        self.other_verdicts += other.other_verdicts
        self.first_difference = self.first_difference or other.first_difference


def _text(score):
    return "that there is no such row" if score is None else f"{score:.2f}"
