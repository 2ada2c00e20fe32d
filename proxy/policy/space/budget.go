package space

import (
	"strings"

	"rehearse/proxy/policy/cpl"
)

// The most flows that are made unless someone asks for more, the fewest that make
// a sample, and how many times rules may be gone through for them: what takes a
// machine some seconds.
const (
	mostFlows   = 100000
	fewestFlows = 300
	mostLooks   = 10_000_000
)

// Affordable is how many flows of some policies can be made within seconds: the
// fewer, the more rules there are, and entries of lists that have a path.
func Affordable(sources ...Source) int {
	weight := 1
	for _, src := range sources {
		weight += len(src.Policy.Rules())
		for _, f := range src.Files {
			for _, it := range f.Items {
				if d, ok := it.(*cpl.Definition); ok {
					weight += withPath(d)
				}
			}
		}
	}
	return min(mostFlows, max(mostLooks/weight, fewestFlows))
}

func withPath(d *cpl.Definition) int {
	n := 0
	for _, line := range d.Lines {
		if line.Pattern != nil && strings.Contains(line.Pattern.Text, "/") {
			n++
		}
	}
	return n
}
