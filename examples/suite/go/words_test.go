package words

import (
	"fmt"
	"testing"
)

func BenchmarkJoin(b *testing.B) {
	for _, n := range []int{10, 100} {
		words := make([]string, n)
		for i := range words {
			words[i] = "word"
		}
		b.Run(fmt.Sprintf("size-%d", n), func(b *testing.B) {
			for i := 0; i < b.N; i++ {
				Join(words)
			}
		})
	}
}

func BenchmarkUpper(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Upper("some words")
	}
}
