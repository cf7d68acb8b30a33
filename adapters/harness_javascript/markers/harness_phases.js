// Phases of a program's own work, for the harness.
//
//     const { phase } = require("harness_phases");
//     const forces = phase("force", () => { ... });
//
// Phases nest and repeat; `phase` gives back what its function does, which must not be asynchronous.
// When HARNESS_PHASES names a file, calls and time of each are appended to it at the end of the
// program. Without it, `phase` calls the function and does no more.
"use strict";
const file = process.env.HARNESS_PHASES;

function plain(name, work) {
  return work();
}

const found = new Map();
let outer = "";

function timed(name, work) {
  const around = outer;
  const path = around ? `${around}/${name}` : name;
  let row = found.get(path);
  if (row === undefined) found.set(path, (row = { calls: 0, spent: 0n }));
  outer = path;
  const began = process.hrtime.bigint();
  try {
    return work();
  } finally {
    row.spent += process.hrtime.bigint() - began;
    row.calls += 1;
    outer = around;
  }
}

if (file) {
  process.on("exit", () => {
    if (found.size === 0) return;
    const lines = [...found].map(([path, row]) => `${row.calls}\t${row.spent}\t${path}\n`);
    require("fs").appendFileSync(file, `harness-phases 1\n${lines.join("")}`);
  });
}

exports.phase = file ? timed : plain;
