package cpl_test

import (
	"fmt"
	"strings"
	"testing"

	"rehearse/proxy/policy/cpl"
)

// megabytes is a policy as the visual editor writes them, of at least n bytes.
func megabytes(n int) []byte {
	var b strings.Builder
	b.WriteString(";; CPL generated for a benchmark\n")
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "define condition __CondList%dHosts\n", i)
		for j := range 20 {
			fmt.Fprintf(&b, "\turl.domain=\"host%d.site%d.test\" url.port=443\n", j, i)
		}
		fmt.Fprintf(&b, "end condition __CondList%dHosts\n\n;; Tab: [Web Access Layer %d]\n<Proxy \"layer %d\">\n", i, i, i)
		for j := range 20 {
			fmt.Fprintf(&b, "\tclient.address=10.%d.%d.0/24 condition=__CondList%dHosts url.category=(\"Games\", \"Chat/Instant Messaging\") exception(content_filter_denied)\t; Rule %d\n", i%256, j, i, j)
		}
		b.WriteString("\tclient.protocol=!ssl tunneled=yes DENY\t; Rule 21\n\n")
	}
	return []byte(b.String())
}

func categoryFile(entries int) []byte {
	var b strings.Builder
	b.WriteString("define category \"Feed\"\n")
	for i := range entries {
		fmt.Fprintf(&b, "www.host%d.test/path/page.php?id=%d&x=y\n", i, i)
	}
	b.WriteString("end category")
	return []byte(b.String())
}

// BenchmarkCheck5MB is a policy of 5 MB from text to diagnostics; the target is
// under two seconds.
func BenchmarkCheck5MB(b *testing.B) {
	text := megabytes(5 << 20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		f, diags := cpl.Parse("local", text)
		if diags = append(diags, cpl.Check([]*cpl.File{f}, cpl.Options{})...); diags.HasErrors() {
			b.Fatal(diags[0])
		}
	}
}

// BenchmarkCategory100k is a category file of 100,000 entries.
func BenchmarkCategory100k(b *testing.B) {
	text := categoryFile(100_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, diags := cpl.Parse("central", text); len(diags) > 0 {
			b.Fatal(diags[0])
		}
	}
}

// BenchmarkBroken5MB is 5 MB in which every line is wrong.
func BenchmarkBroken5MB(b *testing.B) {
	text := []byte("<Proxy>\n" + strings.Repeat("url.domian=a.test url.port=(80 DENY\n", 5<<20/36))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		f, _ := cpl.Parse("local", text)
		cpl.Check([]*cpl.File{f}, cpl.Options{})
	}
}
