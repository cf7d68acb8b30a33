package words

import "strings"

// Join joins words one by one.
func Join(words []string) string {
	out := ""
	for _, w := range words {
		out += w
	}
	return out
}

// Upper is upper case.
func Upper(s string) string { return strings.ToUpper(s) }
