// The steady driver of Go: repeats the program's work in one process on the harness's word. It is
// laid beside the sources, whose `main` got another name. docs/steady.md says what the words mean.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

const (
	harnessMostDoublings = 40
	harnessNoWork        = 0xFE
	harnessFinish        = 0xFF
)

func harnessDie(what string) {
	fmt.Fprintln(os.Stderr, "harness steady driver:", what)
	os.Exit(70)
}

func harnessExecute(words []string, hasInput bool) {
	os.Args = append([]string(nil), words...)
	if hasInput {
		os.Stdin.Seek(0, io.SeekStart)
	}
	HARNESS_ENTRY()
}

func main() {
	pipes, driven := os.LookupEnv("HARNESS_STEADY")
	if !driven {
		HARNESS_ENTRY()
		return
	}
	os.Unsetenv("HARNESS_STEADY")
	var from, to int
	if got, _ := fmt.Sscanf(strings.TrimSpace(pipes), "%d,%d", &from, &to); got != 2 {
		harnessDie("HARNESS_STEADY is malformed")
	}
	syscall.CloseOnExec(from)
	syscall.CloseOnExec(to)
	answer := func(letter string) {
		if done, _ := syscall.Write(to, []byte(letter)); done != 1 {
			harnessDie("the harness does not listen any more")
		}
	}
	words := append([]string(nil), os.Args...)
	facts, err := os.Stdin.Stat()
	hasInput := err == nil && facts.Mode().IsRegular() && facts.Size() > 0
	begin, err := os.Stdout.Seek(0, io.SeekCurrent)
	regular, end := err == nil, begin
	word := make([]byte, 1)
	answer("r")
	for {
		got, err := syscall.Read(from, word)
		if err == syscall.EINTR {
			continue
		}
		if got != 1 || word[0] == harnessFinish {
			break
		}
		if word[0] == harnessNoWork {
			answer("d")
			continue
		}
		if word[0] > harnessMostDoublings {
			harnessDie("unknown word from the harness")
		}
		for left := uint64(1) << word[0]; left > 0; left-- {
			harnessExecute(words, hasInput)
		}
		answer("d")
		if regular {
			end, _ = os.Stdout.Seek(0, io.SeekCurrent)
			os.Stdout.Seek(begin, io.SeekStart)
		}
	}
	if regular {
		os.Stdout.Seek(end, io.SeekStart)
		os.Stdout.Truncate(end)
	}
}
