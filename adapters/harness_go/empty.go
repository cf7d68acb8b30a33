// The empty program of the floor: it starts, reads the files that it is told once, and ends.
package main

import (
	"io"
	"os"
)

func main() {
	for _, name := range os.Args[1:] {
		file := os.Stdin
		if name != "-" {
			opened, err := os.Open(name)
			if err != nil {
				continue
			}
			file = opened
		}
		io.Copy(io.Discard, file)
	}
}
