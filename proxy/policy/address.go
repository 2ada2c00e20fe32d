package policy

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// addressRange is from low to high, both included, of one address family.
type addressRange struct{ low, high netip.Addr }

// addressSet is a list of ranges in order, without overlaps.
type addressSet []addressRange

// parseAddresses reads 10.0.0.1, 10.0.0.0/8 and the dash range 10.0.0.1-10.0.0.9.
func parseAddresses(s string) (addressRange, bool) {
	if low, high, ok := strings.Cut(s, "-"); ok {
		a, err1 := netip.ParseAddr(strings.TrimSpace(low))
		b, err2 := netip.ParseAddr(strings.TrimSpace(high))
		return addressRange{a.Unmap(), b.Unmap()}, err1 == nil && err2 == nil && a.BitLen() == b.BitLen() && !b.Less(a)
	}
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return addressRange{p.Masked().Addr(), lastOf(p)}, err == nil
	}
	a, err := netip.ParseAddr(s)
	return addressRange{a.Unmap(), a.Unmap()}, err == nil
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

// normal puts ranges in order and joins those that overlap.
func normal(list []addressRange) addressSet {
	slices.SortFunc(list, func(a, b addressRange) int {
		return cmp.Or(a.low.Compare(b.low), a.high.Compare(b.high))
	})
	var set addressSet
	for _, r := range list {
		if n := len(set); n > 0 && r.low.BitLen() == set[n-1].high.BitLen() && !set[n-1].high.Less(r.low) {
			if set[n-1].high.Less(r.high) {
				set[n-1].high = r.high
			}
			continue
		}
		set = append(set, r)
	}
	return set
}

func (s addressSet) has(a netip.Addr) bool {
	i, found := slices.BinarySearchFunc(s, a, func(r addressRange, a netip.Addr) int { return r.low.Compare(a) })
	if found {
		return true
	}
	return i > 0 && !s[i-1].high.Less(a) && s[i-1].high.BitLen() == a.BitLen()
}

// addresses tests an address against addresses, subnets and labels of subnets.
func addresses(c *compiler, _ *cpl.Condition) func([]cpl.Value) func(netip.Addr) bool {
	return func(any []cpl.Value) func(netip.Addr) bool { return c.addressSet(any).has }
}

func (c *compiler) addressSet(any []cpl.Value) addressSet {
	var list []addressRange
	for _, v := range any {
		if r, ok := parseAddresses(v.Text); ok {
			list = append(list, r)
		} else {
			list = append(list, c.subnets[cpl.LabelKey(v.Text)]...)
		}
	}
	return normal(list)
}

// anyAddress lifts the test to the addresses of a host.
func anyAddress(c *compiler, cond *cpl.Condition) func([]cpl.Value) func([]netip.Addr) bool {
	inner := addresses(c, cond)
	return func(any []cpl.Value) func([]netip.Addr) bool {
		test := inner(any)
		return func(list []netip.Addr) bool { return slices.ContainsFunc(list, test) }
	}
}
