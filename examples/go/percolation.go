// Site percolation: how clusters of occupied sites grow on random square grids.
//
//	percolation SIDE GRIDS PROBABILITY SEED
//
// Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
// from the top row to the bottom row, and the sum of the squares of all clusters' sizes.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type totals struct{ occupied, clusters, largest, spanning, squares int64 }

// grid is one square grid, filled anew again and again; its memory is kept.
type grid struct {
	side     int
	occupied []bool
	labels   []int32
	sizes    []int64 // of cluster 1, 2, ...
	waiting  []int
}

func newGrid(side int) *grid {
	return &grid{
		side:     side,
		occupied: make([]bool, side*side),
		labels:   make([]int32, side*side),
	}
}

func (g *grid) fill(probability float64, random *generator) {
	defer harnessPhase("fill")()
	for site := range g.occupied {
		g.occupied[site] = random.uniform() < probability
	}
}

// labelClusters labels clusters 1, 2, ... in the order of their first sites.
func (g *grid) labelClusters() {
	defer harnessPhase("label")()
	g.sizes = g.sizes[:0]
	for site := range g.labels {
		g.labels[site] = 0
	}
	for site, occupied := range g.occupied {
		if occupied && g.labels[site] == 0 {
			g.sizes = append(g.sizes, g.flood(site))
		}
	}
}

// flood gives the next label to all sites that are connected to the first one, and counts them.
func (g *grid) flood(first int) (size int64) {
	side, label := g.side, int32(len(g.sizes)+1)
	g.visit(first, label)
	for len(g.waiting) > 0 {
		last := len(g.waiting) - 1
		site := g.waiting[last]
		g.waiting = g.waiting[:last]
		size++
		row, column := site/side, site%side
		if row+1 < side {
			g.visit(site+side, label)
		}
		if row > 0 {
			g.visit(site-side, label)
		}
		if column+1 < side {
			g.visit(site+1, label)
		}
		if column > 0 {
			g.visit(site-1, label)
		}
	}
	return size
}

func (g *grid) visit(site int, label int32) {
	if g.occupied[site] && g.labels[site] == 0 {
		g.labels[site] = label
		g.waiting = append(g.waiting, site)
	}
}

// spans says whether a cluster of the top row reaches the bottom row.
func (g *grid) spans() bool {
	for _, top := range g.labels[:g.side] {
		for _, bottom := range g.labels[len(g.labels)-g.side:] {
			if top != 0 && top == bottom {
				return true
			}
		}
	}
	return false
}

func (g *grid) addTo(sum *totals) {
	defer harnessPhase("measure")()
	for _, size := range g.sizes {
		sum.occupied += size
		sum.squares += size * size
		if size > sum.largest {
			sum.largest = size
		}
	}
	sum.clusters += int64(len(g.sizes))
	if g.spans() {
		sum.spanning++
	}
}

// arguments gives the numbers of the command line, or ends the program.
func arguments() (side, grids int, probability float64, seed uint64) {
	if len(os.Args) == 5 {
		var problems [4]error
		side, problems[0] = strconv.Atoi(os.Args[1])
		grids, problems[1] = strconv.Atoi(os.Args[2])
		probability, problems[2] = strconv.ParseFloat(os.Args[3], 64)
		seed, problems[3] = strconv.ParseUint(os.Args[4], 10, 64)
		if problems == [4]error{} {
			return side, grids, probability, seed
		}
	}
	fmt.Fprintln(os.Stderr, "usage: percolation SIDE GRIDS PROBABILITY SEED")
	os.Exit(2)
	return
}

func main() {
	side, grids, probability, seed := arguments()
	random := &generator{seed}
	g := newGrid(side)
	var sum totals
	for i := 0; i < grids; i++ {
		g.fill(probability, random)
		g.labelClusters()
		g.addTo(&sum)
	}
	fmt.Printf("occupied: %d\nclusters: %d\nlargest: %d\n", sum.occupied, sum.clusters, sum.largest)
	fmt.Printf("spanning: %d\nsquares: %d\n", sum.spanning, sum.squares)
}
