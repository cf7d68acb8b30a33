package main

import (
	"fmt"

	"example.org/app/work"
)

func main() { fmt.Println(work.Sum(9000000)) }
