#!/usr/bin/env bash
# Runs every benchmark in its short form, one after another, and sums up which figures hold.
#
#     benchmarks/run_all.sh [NAME...]     all of them, or those whose scripts are named
#
# What each says goes to the terminal and to a file below .harness/benchmarks/; the summary is made
# of the lines `figure: ...; holds`. The short forms are too short for rates: the long forms stand in
# the scripts' docstrings and in docs/measurement.md. Ends with 1 where a figure does not hold or a
# benchmark fails.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
logs=$here/../.harness/benchmarks/$(date -u +%Y%m%d-%H%M%S)
python=${PYTHON:-$here/../.venv/bin/python}
if ! command -v "$python" >/dev/null; then python=python3; fi

# Script and arguments of each benchmark's short form; a script may stand here more than once.
short_forms="
noise_trace.py    --windows 100
in_process.py     --budget 1
gate.py           --nothing 1 --slower 1 --budget 20s
front_ends.py     --cold 20 --steady 10 --budget 20s
verdicts.py       peeking --simulated 200 --real 5 --blocks 30
verdicts.py       runs --repeats 1 --regimes quiet steady --effects 0 0.02 0.1
verdicts.py       kinds --budget 1 --effects 0 0.05
designs.py        --blocks 60
identical.py      --runs 5
layouts.py        --edits 3
tables.py         --tables 10
clusters.py       gather 20 2000
steady.py         3
phases.py         3
ranks.py          31
launcher.py       --rounds 10 --repeats 1
jail.py           --rounds 100
jailed_campaign.py  --rounds 1 --edits 1 --budget 4s
storing.py       2000
history.py       20 200
many_reads.py    60 100
mixtures.py      --repeats 10
estimates.py     --repeats 10
size_bets.py     --runs 40
needed.py        --walks 100
clusters.py      gather 200 2000
per_trial.py     --rounds 3 --many 3000
cli_startup.py    --rounds 8
small_effects.py  --rounds 3 --blocks 300
quiet_between.py  --trials 20
storing.py        20000
long_runs.py      --blocks 100000
huge_outputs.py   --count 1e7
false_keeps.py    --campaigns 20
chained_level.py  --campaigns 3
cases_together.py  --share 0.25
loop_pays.py      --short
try_variants.py   --repeats 1
step_costs.py     --repeats 1
profile_costs.py  --repeats 1
after_a_gain.py   --repeats 1
campaigns.py      --case fast --budget 20s
"

wanted() { # does NAME... ask for this script?
  local script=$1 name
  shift
  [ $# -eq 0 ] && return 0
  for name in "$@"; do [ "${name%.py}" = "${script%.py}" ] && return 0; done
  return 1
}

for name in "$@"; do
  case $'\n'$short_forms in
  *$'\n'"${name%.py}.py "*) ;;
  *)
    echo "no benchmark $name; there are:$(awk 'NF { print " " $1 }' <<<"$short_forms" | uniq | tr -d '\n')" >&2
    exit 2
    ;;
  esac
done
mkdir -p "$logs"
failed=()
number=0
while read -r script arguments; do
  [ -n "$script" ] || continue
  wanted "$script" "$@" || continue
  number=$((number + 1))
  log=$logs/$(printf '%02d' "$number")-${script%.py}.txt
  echo "== python benchmarks/$script $arguments"
  # shellcheck disable=SC2086  # the arguments are words
  "$python" "$here/$script" $arguments </dev/null 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  # A script may end with 1 for a figure that does not hold; that is counted below.
  if [ "$code" -gt 1 ] || { [ "$code" -eq 1 ] && ! grep -q 'DOES NOT HOLD$' "$log"; }; then
    failed+=("$script $arguments (exit code $code)")
  fi
  echo
done <<<"$short_forms"

count() { cat "$logs"/*.txt | grep -c "^figure: .*; $1\$"; }
missed=$(count 'DOES NOT HOLD')
echo "== summary: $(count holds) figures hold, $missed do not," \
  "$(count 'too few to tell') need the long form; ${#failed[@]} of $number benchmarks failed"
cat "$logs"/*.txt | grep '^figure: ' | grep -v '; holds$' | sed 's/^figure: /  /'
for one in ${failed[@]+"${failed[@]}"}; do echo "  failed: $one"; done
echo "$logs"
[ "$missed" -eq 0 ] && [ ${#failed[@]} -eq 0 ]
