// Phases of a program's own work, for the harness; laid beside sources that call `harnessPhase`.
//
//	defer harnessPhase("force")()      // to the end of the function
//	done := harnessPhase("force")      // or to the call of done()
//
// Phases nest and repeat within one goroutine, and those of several are summed by path. When HARNESS_PHASES names a file, what is known of
// them is written to it whenever the outermost one ends. Go calls nothing at the end of a program.
package main

import (
	"fmt"
	"os"
	"runtime"
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
	paths map[string][]string // by goroutine
	order []string
	rows  map[string]*harnessRow
}

func harnessPhase(name string) func() {
	state := &harnessPhases
	state.once.Do(func() {
		state.file = os.Getenv("HARNESS_PHASES")
		state.rows = map[string]*harnessRow{}
		state.paths = map[string][]string{}
	})
	if state.file == "" {
		return func() {}
	}
	who := harnessGoroutine()
	state.Lock()
	defer state.Unlock()
	state.paths[who] = append(state.paths[who], name)
	path, depth := strings.Join(state.paths[who], "/"), len(state.paths[who])
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
		if len(state.paths[who]) >= depth {
			state.paths[who] = state.paths[who][:depth-1]
		}
		if depth == 1 {
			delete(state.paths, who)
			harnessWritePhases(state.file, state.order, state.rows)
		}
	}
}

// The number of this goroutine, which Go tells in the first line of its stack alone.
func harnessGoroutine() string {
	var line [32]byte
	words := strings.Fields(string(line[:runtime.Stack(line[:], false)]))
	if len(words) < 2 {
		return ""
	}
	return words[1]
}

func harnessWritePhases(file string, order []string, rows map[string]*harnessRow) {
	lines := []string{"harness-phases 1\n"}
	for _, path := range order {
		lines = append(lines, fmt.Sprintf("%d\t%d\t%s\n", rows[path].calls, rows[path].spent, path))
	}
	os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644)
}
