"""``python -m infra.truth``: the truth test; --render writes the tables of docs/truth-test.md, --worlds and --seed try others."""

from __future__ import annotations

import argparse
import sys

from infra.truth.page import PAGE, rendered, replaced
from infra.truth.run import SEED, outcome
from transforms.synthetic.truth_worlds import WORLDS


def main() -> None:
    """Run the worlds asked for; print their tables, or write them."""
    parser = argparse.ArgumentParser(prog="python -m infra.truth", description=__doc__)
    parser.add_argument("--worlds", default="".join(WORLDS), help=f"letters of {''.join(WORLDS)}; all by default")
    parser.add_argument("--seed", type=int, default=SEED, help="the page's by default")
    parser.add_argument("--render", action="store_true", help=f"write {PAGE.name}; all worlds, the page's seed")
    options = parser.parse_args()
    if unknown := sorted(set(options.worlds) - set(WORLDS)):
        parser.error(f"{', '.join(unknown)}: the worlds are {', '.join(WORLDS)}")
    if options.render and (set(options.worlds), options.seed) != (set(WORLDS), SEED):
        parser.error("--render takes all worlds and the page's seed")
    tables = rendered([outcome(kind, options.seed) for kind in WORLDS if kind in options.worlds])
    if options.render:
        PAGE.write_text(replaced(PAGE.read_text("utf-8"), tables), "utf-8")
        sys.stdout.write(f"written: {PAGE}\n")
    else:
        sys.stdout.write(f"{tables}\n")


if __name__ == "__main__":
    main()
