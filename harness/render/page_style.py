"""What an HTML page looks like, and the little script that sorts its tables; both inline."""

from __future__ import annotations

from harness.render.plotting import PALETTE

DARK = {
    "ink": "#e6e9ee",
    "muted": "#a9b3bf",
    "faint": "#3d4652",
    "paper": "#14181d",
    "accent": "#5ab4f0",
    "bad": "#f08a4b",
    "third": "#4cc9a4",
    "fourth": "#dd9ac6",
    "fifth": "#d6c255",
    "rest": "#8d97a3",
}
"""The palette of a dark page, colour by colour."""


def _variables(palette: dict[str, str]) -> str:
    return "".join(f"--{role}:{colour};" for role, colour in palette.items())


_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,
"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:75rem;margin:0 auto;padding:2rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.6rem 0 .7rem;padding-top:.9rem;border-top:1px solid var(--faint)}
p,ul{max-width:46rem;margin:.6rem 0;overflow-wrap:anywhere}
ul{padding-left:1.2rem}
li{margin:.35rem 0}
.about{color:var(--muted);margin-top:0}
.summary{font-size:1.06rem}
.summary p{border-left:3px solid var(--accent);padding-left:.8rem}
.pictures{display:grid;gap:1.6rem 2rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,
23rem),1fr))}
figure{margin:0;min-width:0;max-width:38rem}
figcaption strong{display:block;overflow-wrap:anywhere}
figcaption,.note{font-size:.9rem;color:var(--muted)}
figcaption strong{color:var(--ink)}
svg{display:block;width:100%;height:auto;margin:.4rem 0;stroke-linejoin:round}
svg text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,
sans-serif!important}
details{margin:.2rem 0;font-size:.9rem}
summary{cursor:pointer;color:var(--muted)}
.wide{overflow-x:auto;max-width:100%;margin:0 0 .8rem}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
.caption{font-size:.9rem;color:var(--muted);margin:.8rem 0 .1rem}
th,td{padding:.32rem .8rem .32rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--faint)}
td{white-space:nowrap}
td.prose{white-space:normal;min-width:14rem}
th[scope=row]{font-weight:600;max-width:22rem;overflow-wrap:anywhere;min-width:7rem}
thead th{color:var(--muted);font-weight:600}
.number{text-align:right}
thead button{all:unset;cursor:pointer;color:inherit}
thead button:focus-visible,.wide:focus-visible,summary:focus-visible{
outline:2px solid var(--accent);outline-offset:2px}
th[aria-sort=ascending] button::after{content:" \\2191"}
th[aria-sort=descending] button::after{content:" \\2193"}
pre{overflow-x:auto;padding:.7rem .9rem;border:1px solid var(--faint);border-radius:4px;
font-size:.85rem;
line-height:1.6}
footer{margin-top:3rem;color:var(--muted);font-size:.85rem}
@media print{details{display:none}h2{break-after:avoid}figure{break-inside:avoid}}
"""

STYLE = (
    f":root{{color-scheme:light dark;{_variables(PALETTE)}}}"
    f"@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}{_RULES}"
)

SCRIPT = """
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  if (!body || body.rows.length < 2) continue;
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const of = row => row.cells[at];
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [of(a).dataset.key, of(b).dataset.key];
        if (x !== undefined && y !== undefined) return x - y;
        if (x !== undefined || y !== undefined) return x === undefined ? 1 : -1;
        return of(a).textContent.localeCompare(of(b).textContent);
      });
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}
"""
"""Without it the tables stand as they are."""
