package space

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// span is a range of numbers; one whose low end is above its high end wraps.
type span struct{ low, high uint64 }

func (r span) has(n uint64) bool {
	if r.low > r.high {
		return n >= r.low || n <= r.high
	}
	return r.low <= n && n <= r.high
}

// parseSpan reads N, I..J, I.. and ..J as the engine does; N may be 56k.
func parseSpan(s string) (span, bool) {
	low, high, isRange := strings.Cut(strings.TrimSpace(s), "..")
	if !isRange {
		n, ok := parseCount(low)
		return span{n, n}, ok
	}
	r, ok := span{0, math.MaxUint64}, low != "" || high != ""
	if low != "" && ok {
		r.low, ok = parseCount(low)
	}
	if high != "" && ok {
		r.high, ok = parseCount(high)
	}
	return r, ok
}

func parseCount(s string) (uint64, bool) {
	digits, thousands := strings.CutSuffix(strings.ToLower(s), "k")
	n, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case err == nil && thousands:
		over, low := bits.Mul64(n, 1000)
		return low, over == 0
	case err == nil:
		return n, true
	case !thousands:
		return 0, false
	}
	f, err := strconv.ParseFloat(digits, 64)
	return uint64(math.Round(f * 1000)), err == nil && f >= 0 && f < 1e15
}

// numberField is a number that conditions test for ranges.
type numberField struct {
	name     string
	of       owner
	low      uint64 // the least and the greatest number that a value can be
	high     uint64
	lacking  bool // may be unavailable
	unreal   bool // no flow lacks it, nor has a number outside usual
	usual    span
	ordinary []uint64 // numbers that flows have, the first that fits is taken

	spans  []span
	main   int
	values []span // classes; the one that lacks comes last
}

func (f *numberField) test(s *Space, r span) formula {
	if !s.frozen {
		f.spans = append(f.spans, r)
		return truth(false)
	}
	if f.main < 0 {
		return truth(r.has(f.low))
	}
	return s.lit(f.main, where(f.size(), func(c int) bool { return c < len(f.values) && r.has(f.values[c].low) }))
}

func (f *numberField) present(s *Space) formula {
	if !s.frozen || f.main < 0 {
		return truth(s.frozen)
	}
	return s.lit(f.main, where(f.size(), func(c int) bool { return c < len(f.values) }))
}

// size is how many classes there are.
func (f *numberField) size() int {
	if f.lacking {
		return len(f.values) + 1
	}
	return len(f.values)
}

// freeze cuts the numbers where a range begins or ends.
func (f *numberField) freeze(s *Space) {
	cuts := []uint64{f.low}
	cut := func(n uint64) {
		if f.low < n && n <= f.high {
			cuts = append(cuts, n)
		}
	}
	if f.usual != (span{}) {
		cut(f.usual.low)
		cut(f.usual.high + 1)
	}
	for _, r := range f.spans {
		cut(r.low)
		if r.high < math.MaxUint64 {
			cut(r.high + 1)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	f.values = nil
	for i, low := range cuts {
		high := f.high
		if i+1 < len(cuts) {
			high = cuts[i+1] - 1
		}
		f.values = append(f.values, span{low, high})
	}
	f.main = -1
	if f.size() < 2 {
		return
	}
	list := make([]Class, 0, f.size())
	for _, v := range f.values {
		unreal := f.usual != (span{}) && !f.usual.has(v.low)
		list = append(list, Class{Text: numbersText(v), Unreal: unreal})
	}
	if f.lacking {
		list = append(list, Class{"none", f.unreal, true})
	}
	f.main = s.axis(f.name, f.of, list)
}

func numbersText(v span) string {
	switch {
	case v.low == v.high:
		return strconv.FormatUint(v.low, 10)
	case v.high == math.MaxUint64:
		return fmt.Sprintf("%d..", v.low)
	}
	return fmt.Sprintf("%d..%d", v.low, v.high)
}

func (f *numberField) classify(n uint64) int {
	i, found := slices.BinarySearchFunc(f.values, n, func(v span, n uint64) int { return cmp.Compare(v.low, n) })
	if !found {
		i--
	}
	return max(i, 0)
}

// value is a number of the chosen class; false where there is none.
func (f *numberField) value(a assignment) (uint64, bool) {
	v := span{f.low, f.high}
	if f.main >= 0 {
		if a[f.main] >= len(f.values) {
			return 0, false
		}
		v = f.values[a[f.main]]
	}
	for _, n := range f.ordinary {
		if v.has(n) {
			return n, true
		}
	}
	return v.low, true
}

// stretch is a range of addresses of one family.
type stretch = cpl.Addresses

// addressField is an address that conditions test for subnets.
type addressField struct {
	name     string
	of       owner
	lacking  bool
	unreal   bool
	ordinary []netip.Addr

	ranges []stretch
	main   int
	values []stretch
}

func (f *addressField) test(s *Space, r stretch) formula {
	if !s.frozen {
		f.ranges = append(f.ranges, r)
		return truth(false)
	}
	return s.lit(f.main, where(f.size(), func(c int) bool { return c < len(f.values) && r.Has(f.values[c].First) }))
}

func (f *addressField) present(s *Space) formula {
	if !s.frozen {
		return truth(false)
	}
	return s.lit(f.main, where(f.size(), func(c int) bool { return c < len(f.values) }))
}

func (f *addressField) size() int {
	if f.lacking {
		return len(f.values) + 1
	}
	return len(f.values)
}

func (f *addressField) freeze(s *Space) {
	f.values = stretches(f.ranges)
	list := make([]Class, 0, f.size())
	for _, v := range f.values {
		list = append(list, Class{Text: addressesText(v)})
	}
	if f.lacking {
		list = append(list, Class{"none", f.unreal, true})
	}
	f.main = s.axis(f.name, f.of, list)
}

// stretches cuts all addresses where a range begins or ends.
func stretches(ranges []stretch) []stretch {
	cuts := []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	for _, r := range ranges {
		cuts = append(cuts, r.First)
		if next := r.Last.Next(); next.IsValid() {
			cuts = append(cuts, next)
		}
	}
	slices.SortFunc(cuts, netip.Addr.Compare)
	cuts = slices.Compact(cuts)
	var list []stretch
	for i, first := range cuts {
		last := greatest(first)
		if i+1 < len(cuts) && cuts[i+1].BitLen() == first.BitLen() {
			last = cuts[i+1].Prev()
		}
		list = append(list, stretch{First: first, Last: last})
	}
	return list
}

// greatest is the last address of an address's family.
func greatest(a netip.Addr) netip.Addr {
	b := a.AsSlice()
	for i := range b {
		b[i] = 255
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

func addressesText(v stretch) string {
	if v.First == v.Last {
		return v.First.String()
	}
	return v.First.String() + "-" + v.Last.String()
}

func (f *addressField) classify(a netip.Addr) int {
	if !a.IsValid() {
		return len(f.values)
	}
	return slices.IndexFunc(f.values, func(v stretch) bool { return v.Has(a) })
}

// value is an address of the chosen class; an invalid one for none.
func (f *addressField) value(a assignment) netip.Addr {
	if a[f.main] >= len(f.values) {
		return netip.Addr{}
	}
	return inside(f.values[a[f.main]], f.ordinary)
}

// inside picks an address of a stretch: an ordinary one, else the second, which is
// a host where the stretch is a subnet.
func inside(v stretch, ordinary []netip.Addr) netip.Addr {
	for _, a := range ordinary {
		if v.Has(a) {
			return a
		}
	}
	for _, text := range []string{"203.0.113.10", "192.0.2.10", "198.51.100.10", "10.1.0.11", "2001:db8::10"} {
		if a := netip.MustParseAddr(text); v.Has(a) {
			return a
		}
	}
	if second := v.First.Next(); v.Has(second) {
		return second
	}
	return v.First
}
