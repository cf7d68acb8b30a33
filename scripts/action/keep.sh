#!/usr/bin/env bash
# Keep stored runs on a branch that has nothing else: keep.sh BRANCH FOLDER. Each run is a folder of
# its own, so whoever pushed meanwhile is no conflict. `harness history --results` reads the branch.
set -euo pipefail
branch=$1 runs=$2
[ -d "$runs" ] || { echo "Nothing was measured: no run to keep."; exit 0; }
tree=$(mktemp -d)
trap 'git worktree remove --force "$tree" 2>/dev/null || true' EXIT
export GIT_AUTHOR_NAME=optim-harness GIT_COMMITTER_NAME=optim-harness
export GIT_AUTHOR_EMAIL=optim-harness@localhost GIT_COMMITTER_EMAIL=optim-harness@localhost
for _ in 1 2 3 4 5; do
  git worktree remove --force "$tree" 2>/dev/null || true
  if git fetch --quiet --no-tags origin "+refs/heads/$branch:refs/remotes/origin/$branch" 2>/dev/null; then
    git worktree add --quiet --detach "$tree" "refs/remotes/origin/$branch"
  else
    empty=$(git commit-tree -m "Keep the runs of the gate" "$(git hash-object -w -t tree /dev/null)")
    git worktree add --quiet --detach "$tree" "$empty"
  fi
  mkdir -p "$tree/results"
  cp -R "$runs/." "$tree/results/"
  git -C "$tree" add --all --force results
  git -C "$tree" diff --cached --quiet && exit 0
  git -C "$tree" commit --quiet -m "Runs of $(git rev-parse --short HEAD)"
  git -C "$tree" push --quiet origin "HEAD:refs/heads/$branch" && exit 0
done
echo "The branch $branch could not be pushed." >&2
exit 1
