package txn_test

import (
	"strings"
	"testing"

	"rehearse/proxy/policy/txn"
)

// BenchmarkParse reads a list of 1,000 requests of the usual size.
func BenchmarkParse(b *testing.B) {
	one := `{"client.address": "10.1.0.11", "http.method": "GET", "url": "http://www.example.com/a?b=c", "user": "CORP\\kim",
		"group": ["staff", "kids"], "request.header.User-Agent": "Probe", "url.category": ["Games"]}`
	text := []byte("[" + strings.Repeat(one+",\n", 999) + one + "]")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if list, diags := txn.Parse("b.json", text); len(list) != 1000 || len(diags) > 0 {
			b.Fatal(diags)
		}
	}
}
