"""The commands: where each is, and what it does in a line."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Build, check, time and table targets."),
    "compare": ("compare", "Say which of two targets or revisions is faster."),
    "try": ("try_variants", "Race many variants at once, and confirm the best one."),
    "baseline": ("baseline", "Measure a campaign's reference once, and seal it."),
    "test": ("test", "Say whether the current tree still computes what the baseline did."),
    "bench": ("bench", "Compare the current tree with the baseline, phase by phase."),
    "profile": ("profile", "Say where a target's time goes: phases, functions, lines."),
    "optimise": ("campaign.optimise", "Begin a campaign on a program, without any file."),
    "campaign": ("campaign.group", "Start, show, finish, abandon and list optimisation campaigns."),
    "next": ("campaign.next", "Say the one safest next action of the campaign."),
    "status": ("campaign.status", "Show the campaign so that anyone can take it over."),
    "think": ("campaign.think", "Register a prediction before the code changes."),
    "plan": ("campaign.plan", "Say what will be tried, and why."),
    "log": ("campaign.log", "Write the surprise, after the result."),
    "commit": ("campaign.commit", "Commit a kept iteration with its logs."),
    "revert": ("campaign.revert", "Put the last kept state back; keep the attempt aside."),
    "restore": ("campaign.restore", "Put back the code that is wanted; keep what was there."),
    "decide": ("campaign.decide", "Go on or stop, by the criteria of the method."),
    "skip": ("campaign.skip", "Give a bottleneck up, with the reason."),
    "loop": ("campaign.loop", "Let an agent or a proposer run the campaign, unattended."),
    "verify": ("campaign.verify", "Derive every number, log and decision of a campaign again."),
    "trust": ("campaign.trust", "Show what decides beside the code, and what of it has changed."),
    "surprises": ("campaign.surprises", "Search what earlier iterations taught."),
    "bisect": ("bisect", "Find the commit that made a target slower."),
    "report": ("report", "Make a page of a run, task or campaign, to be handed on."),
    "history": ("history", "List stored runs and their measurements."),
    "export": ("export", "Write a stored run in the format of another tool."),
    "import": ("import_results", "Put what another tool measured into the history."),
    "adapters": ("adapters", "List installed adapters and the toolchains they find."),
    "doctor": ("doctor", "Say what makes timings unreliable on this machine."),
    "redteam": ("redteam", "Try known ways to seem faster, and say which are found out."),
    "config": ("config", "Check harness.toml or print its JSON schema."),
}
"""Command: (module of this package, one line of help)."""
