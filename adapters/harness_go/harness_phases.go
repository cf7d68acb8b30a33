// Phases of a program's own work, for the harness; laid beside sources that call `harnessPhase`.
//
//	defer harnessPhase("force")()      // to the end of the function
//	done := harnessPhase("force")      // or to the call of done()
//
// Phases nest and repeat within one goroutine. When HARNESS_PHASES names a file, what is known of
// them is written to it whenever the outermost one ends. Go calls nothing at the end of a program.
package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

type harnessRow struct {
	calls int64
	spent int64
}

var harnessPhases struct {
	sync.Mutex
	once  sync.Once
	file  string
	path  []string
	order []string
	rows  map[string]*harnessRow
}

func harnessPhase(name string) func() {
	state := &harnessPhases
	state.once.Do(func() {
		state.file = os.Getenv("HARNESS_PHASES")
		state.rows = map[string]*harnessRow{}
	})
	if state.file == "" {
		return func() {}
	}
	state.Lock()
	defer state.Unlock()
	state.path = append(state.path, name)
	path, depth := strings.Join(state.path, "/"), len(state.path)
	began := time.Now()
	return func() {
		spent := time.Since(began)
		state.Lock()
		defer state.Unlock()
		row := state.rows[path]
		if row == nil {
			row = &harnessRow{}
			state.rows[path] = row
			state.order = append(state.order, path)
		}
		row.calls++
		row.spent += spent.Nanoseconds()
		if len(state.path) >= depth {
			state.path = state.path[:depth-1]
		}
		if depth == 1 {
			harnessWritePhases(state.file, state.order, state.rows)
		}
	}
}

func harnessWritePhases(file string, order []string, rows map[string]*harnessRow) {
	lines := []string{"harness-phases 1\n"}
	for _, path := range order {
		lines = append(lines, fmt.Sprintf("%d\t%d\t%s\n", rows[path].calls, rows[path].spent, path))
	}
	os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644)
}
