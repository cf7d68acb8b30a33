"""What `harness campaign start --agent-files` writes into a user's repository."""

from __future__ import annotations

from pathlib import Path

from harness.errors import NotAllowed
from harness.optimise.campaign import Campaign
from harness.system.store.files import write_atomically

AGENTS = """\
# Performance campaigns

Optimisation in this repository is driven by `harness`. One thing to remember:

    harness next

It prints the one next action, why, the exact command, and a template of what to fill in. Do that,
then run `harness next` again, until it says `should_continue: false`. `harness status` tells the
whole story so far.

Rules that the tool enforces, so do not work around them:

- Think before you change: `harness think` is refused once the code differs from the kept state.
- Predict honestly: an interval of the whole program's speed-up. You are scored on it.
- Never edit `harness.toml`, protected paths, or anything in `optim/`: the records are rendered from
  `optim/events.jsonl`, which only the harness writes.
- Do not commit, reset, stash or switch branches yourself: `harness commit` and `harness revert` do,
  and a reverted attempt is kept under `refs/harness/attempts`.
- A wrong output is reverted, not patched. After three failed attempts on a bottleneck, skip it.
- Write the surprise you really had; "None" is refused where the prediction failed.

Exit codes: 0 fine, 1 the answer is no, 2 usage, 4 build failed, 7 not allowed now (the message says
what is), 8 undecided (a larger `--budget` is named). `--json` gives one envelope for programs.
"""

SKILL = """\
---
name: harness-optimise
description: Make a program faster by the measured, logged loop of `harness`. Use when asked to
  optimise performance in this repository.
---

Run `harness next --json` and do exactly what `result.command` says, filling in `result.template`;
pass the filled template on standard input (`--file -`). Repeat until `result.should_continue` is
false. When unsure where you are, run `harness status`. The rules are in AGENTS.md.
"""

_FILES = {
    "AGENTS.md": AGENTS,
    ".agents/skills/harness-optimise/SKILL.md": SKILL,
}


def write_agent_files(campaign: Campaign) -> list[Path]:
    """Write the files and commit them, since a campaign starts from a clean tree.

    An AGENTS.md of the user's own is kept and added to; a file that is there as it should be is
    left alone. Raises NotAllowed where a tracked file differs from HEAD.
    """
    dirty = campaign.checkout.dirty()
    if dirty:
        raise NotAllowed(
            f"the agent files are committed, and that wants a clean tree: {', '.join(dirty[:5])}",
            hint="Commit the changes, or put them away with git stash.",
        )
    written = []
    for name, text in _FILES.items():
        path = campaign.config.root / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if text in old:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (f"{old.rstrip()}\n\n{text}" if old else text).encode())
        written.append(path)
    if written:
        paths = [campaign.git.below_top(path) for path in written]
        campaign.git.commit_paths(paths, "Say how an agent drives a performance campaign")
    return written
