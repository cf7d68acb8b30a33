// All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.
//
//	nbody BODIES STEPS SEED
//
// Prints the energy at the end and the largest relative drift of it on the way; writes the last
// positions to positions.csv. Units: G = 1, total mass = 1.
package main

import (
	"bufio"
	"fmt"
	"log"
	"math"
	"os"
	"strconv"
)

const (
	gravity   = 1.0
	softening = 0.05
	timeStep  = 0.005
)

type vector struct{ x, y, z float64 }

func (v vector) plus(w vector) vector    { return vector{v.x + w.x, v.y + w.y, v.z + w.z} }
func (v vector) minus(w vector) vector   { return vector{v.x - w.x, v.y - w.y, v.z - w.z} }
func (v vector) times(f float64) vector  { return vector{f * v.x, f * v.y, f * v.z} }
func (v vector) square() float64         { return v.x*v.x + v.y*v.y + v.z*v.z }
func (v vector) softenedLength() float64 { return math.Sqrt(v.square() + softening*softening) }

type body struct {
	mass                             float64
	position, velocity, acceleration vector
}

// initialise makes a cube of side 2 with slowly moving bodies of about the same mass.
func initialise(n int, seed uint64) []body {
	defer harnessPhase("initialise")()
	random := generator{seed}
	within := func(half float64) vector {
		// Go evaluates the calls from left to right: x is drawn first.
		return vector{random.uniform(), random.uniform(), random.uniform()}.
			times(2 * half).minus(vector{half, half, half})
	}
	bodies := make([]body, n)
	for i := range bodies {
		bodies[i].mass = (0.5 + random.uniform()) / float64(n)
		bodies[i].position = within(1)
		bodies[i].velocity = within(0.2)
	}
	return bodies
}

func computeAccelerations(bodies []body) {
	defer harnessPhase("forces")()
	for i := range bodies {
		var sum vector
		for j := range bodies { // its own pull on itself is 0
			away := bodies[j].position.minus(bodies[i].position)
			distance := away.softenedLength() // never 0: close encounters stay harmless
			sum = sum.plus(away.times(gravity * bodies[j].mass / (distance * distance * distance)))
		}
		bodies[i].acceleration = sum
	}
}

func totalEnergy(bodies []body) float64 {
	defer harnessPhase("energy")()
	energy := 0.0
	for i, one := range bodies {
		energy += 0.5 * one.mass * one.velocity.square()
		for _, other := range bodies[i+1:] {
			distance := other.position.minus(one.position).softenedLength()
			energy -= gravity * one.mass * other.mass / distance
		}
	}
	return energy
}

func kick(bodies []body, time float64) {
	defer harnessPhase("move")()
	for i := range bodies {
		bodies[i].velocity = bodies[i].velocity.plus(bodies[i].acceleration.times(time))
	}
}

func drift(bodies []body, time float64) {
	defer harnessPhase("move")()
	for i := range bodies {
		bodies[i].position = bodies[i].position.plus(bodies[i].velocity.times(time))
	}
}

func writePositions(path string, bodies []body) error {
	defer harnessPhase("output")()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, "x,y,z")
	for _, b := range bodies {
		fmt.Fprintf(out, "%.15g,%.15g,%.15g\n", b.position.x, b.position.y, b.position.z)
	}
	return out.Flush()
}

// arguments gives the numbers of the command line, or ends the program.
func arguments() (bodies, steps int, seed uint64) {
	if len(os.Args) == 4 {
		var problems [3]error
		bodies, problems[0] = strconv.Atoi(os.Args[1])
		steps, problems[1] = strconv.Atoi(os.Args[2])
		seed, problems[2] = strconv.ParseUint(os.Args[3], 10, 64)
		if problems == [3]error{} {
			return bodies, steps, seed
		}
	}
	fmt.Fprintln(os.Stderr, "usage: nbody BODIES STEPS SEED")
	os.Exit(2)
	return
}

func main() {
	n, steps, seed := arguments()
	bodies := initialise(n, seed)
	computeAccelerations(bodies)
	first := totalEnergy(bodies)
	energy, worst := first, 0.0
	for step := 0; step < steps; step++ {
		kick(bodies, 0.5*timeStep)
		drift(bodies, timeStep)
		computeAccelerations(bodies)
		kick(bodies, 0.5*timeStep)
		energy = totalEnergy(bodies)
		worst = math.Max(worst, math.Abs((energy-first)/first))
	}
	fmt.Printf("energy: %.15g\nenergy_drift: %.6e\n", energy, worst)
	if err := writePositions("positions.csv", bodies); err != nil {
		log.Fatal(err)
	}
}
