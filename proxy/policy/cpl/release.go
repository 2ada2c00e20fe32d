package cpl

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Release is an SGOS release, MAJOR.MINOR.DOT.PATCH; trailing parts may be left
// out when parsing and are 0 then.
type Release [4]int

// ParseRelease reads "6.5.10.1". "7.x" and "6.7.x" are read as the last release
// of that train.
func ParseRelease(s string) (Release, error) {
	var r Release
	parts := strings.Split(s, ".")
	if s == "" || len(parts) > 4 {
		return r, fmt.Errorf("release %q: want MAJOR.MINOR.DOT.PATCH such as 6.5.10.1", s)
	}
	for i, p := range parts {
		if (p == "x" || p == "X") && i > 0 && i == len(parts)-1 {
			for ; i < 4; i++ {
				r[i] = 999
			}
			return r, nil
		}
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || len(p) > 4 {
			return Release{}, fmt.Errorf("release %q: part %q is no number; want MAJOR.MINOR.DOT.PATCH such as 6.5.10.1", s, p)
		}
		r[i] = n
	}
	return r, nil
}

// MustRelease is ParseRelease for constants; it panics on a bad one.
func MustRelease(s string) Release {
	r, err := ParseRelease(s)
	if err != nil {
		panic(err)
	}
	return r
}

// Compare is -1, 0 or +1.
func (r Release) Compare(o Release) int {
	for i := range r {
		if c := cmp.Compare(r[i], o[i]); c != 0 {
			return c
		}
	}
	return 0
}

// String is "6.5.10.1", or "7.x" for the last release of a train.
func (r Release) String() string {
	var b strings.Builder
	for i, n := range r {
		if i > 0 {
			b.WriteByte('.')
		}
		if n == 999 {
			b.WriteByte('x')
			break
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// Since tells in which releases something exists: the first release of each
// train (MAJOR.MINOR) that got it, ascending. Trains between and after those
// listed have it; trains before the first do not.
type Since []Release

// Has says whether release r has it. An empty Since is always there.
func (s Since) Has(r Release) bool {
	if len(s) == 0 {
		return true
	}
	has := false
	for _, first := range s {
		train := cmp.Or(cmp.Compare(first[0], r[0]), cmp.Compare(first[1], r[1]))
		if train > 0 {
			break
		}
		has = train < 0 || r.Compare(first) >= 0
	}
	return has
}

// String is the first release, as messages say it: "6.5.10.1".
func (s Since) String() string {
	if len(s) == 0 {
		return "any release"
	}
	return s[0].String()
}
