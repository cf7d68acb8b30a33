package main

// generator is splitmix64 (Steele, Lea and Flood 2014).
type generator struct{ state uint64 }

// uniform gives a number from 0 up to but not including 1.
func (g *generator) uniform() float64 {
	g.state += 0x9E3779B97F4A7C15
	z := g.state
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return float64((z^(z>>31))>>11) * 0x1p-53
}
