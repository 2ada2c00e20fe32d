package cpl

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Range is a range of numbers, both ends included. Where Low is above High the
// range wraps around: minute=45..15.
type Range struct{ Low, High uint64 }

// Has says whether n lies in the range.
func (r Range) Has(n uint64) bool {
	if r.Low > r.High {
		return n >= r.Low || n <= r.High
	}
	return r.Low <= n && n <= r.High
}

// ParseRange reads I, I..J, I.. or ..J.
func ParseRange(s string) (Range, error) { return parseRange(s, parseNumber) }

// ParseBitrate is ParseRange in bits a second; a k behind a number, which may
// have a decimal point, stands for 1000.
func ParseBitrate(s string) (Range, error) { return parseRange(s, parseBitrate) }

// ParseTime is ParseRange in minutes since midnight, from HHMM.
func ParseTime(s string) (Range, error) { return parseRange(s, parseClock) }

// ParseDate is ParseRange for yyyymmdd, as a number of that form.
func ParseDate(s string) (Range, error) { return parseRange(s, parseDate) }

func parseRange(s string, parse func(string) (uint64, error)) (Range, error) {
	low, high, isRange := strings.Cut(s, "..")
	if !isRange {
		n, err := parse(s)
		return Range{n, n}, err
	}
	r := Range{0, math.MaxUint64}
	var errLow, errHigh error
	if low == "" && high == "" {
		return r, errors.New("a range needs an end")
	}
	if low != "" {
		r.Low, errLow = parse(low)
	}
	if high != "" {
		r.High, errHigh = parse(high)
	}
	return r, errors.Join(errLow, errHigh)
}

func parseNumber(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is larger than 64 bits hold", s)
	case err != nil:
		return 0, fmt.Errorf("%s is no number", shown(s))
	}
	return n, nil
}

func parseBitrate(s string) (uint64, error) {
	digits, unit := s, 1.0
	if n := len(s) - 1; n > 0 && (s[n] == 'k' || s[n] == 'K') {
		digits, unit = s[:n], 1000
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || f < 0 || f > 1e15 || strings.Trim(digits, "0123456789.") != "" {
		return 0, fmt.Errorf("%s is no bit rate", shown(s))
	}
	return uint64(math.Round(f * unit)), nil
}

func parseClock(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || len(s) != 4 || n > 2400 || n%100 > 59 {
		return 0, fmt.Errorf("%s is no time of day; want HHMM", shown(s))
	}
	return n/100*60 + n%100, nil
}

func parseDate(s string) (uint64, error) {
	if _, err := time.Parse("20060102", s); err != nil {
		return 0, fmt.Errorf("%s is no date; want yyyymmdd", shown(s))
	}
	return strconv.ParseUint(s, 10, 64)
}

// Addresses is a stretch of IP addresses, both ends included.
type Addresses struct{ First, Last netip.Addr }

// Has says whether an address lies in the stretch.
func (a Addresses) Has(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return ip.BitLen() == a.First.BitLen() && a.First.Compare(ip) <= 0 && ip.Compare(a.Last) <= 0
}

// ParseAddresses reads an address, a subnet a.b.c.d/len or a range with a dash,
// 10.0.0.1-10.0.0.9.
func ParseAddresses(s string) (Addresses, error) {
	if first, last, ok := strings.Cut(s, "-"); ok {
		lo, err1 := netip.ParseAddr(strings.TrimSpace(first))
		hi, err2 := netip.ParseAddr(strings.TrimSpace(last))
		if err1 != nil || err2 != nil || lo.BitLen() != hi.BitLen() || hi.Less(lo) {
			return Addresses{}, fmt.Errorf("%s is no range of addresses; want such as 10.0.0.1-10.0.0.9", shown(s))
		}
		return Addresses{lo, hi}, nil
	}
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return Addresses{}, fmt.Errorf("%s is no subnet; want such as 10.0.0.0/8", shown(s))
		}
		return Addresses{p.Masked().Addr(), lastOf(p)}, nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return Addresses{}, fmt.Errorf("%s is no address", shown(s))
	}
	return Addresses{a, a}, nil
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// Domain is the pattern of url.domain or an entry of a category: a host and
// what it may carry.
type Domain struct {
	Scheme string // "", or "http" of "http://"
	Host   string // lower case, without a dot before or behind it
	Port   string // "" for any
	Path   string // "" or with its '/': "/docs"; no final '/'
}

// ParseDomain reads host, .host, //host/, host:port/path, scheme://host/path.
func ParseDomain(s string) (Domain, error) {
	var d Domain
	rest := s
	if scheme, tail, ok := strings.Cut(rest, "://"); ok && !strings.ContainsAny(scheme, "/.") {
		d.Scheme, rest = strings.ToLower(scheme), tail
	}
	rest = strings.TrimPrefix(rest, "//")
	host := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		host, d.Path = rest[:i], strings.TrimSuffix(rest[i:], "/")
	}
	if h, port, ok := strings.Cut(host, ":"); ok && !strings.Contains(port, ":") {
		host, d.Port = h, port
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return d, fmt.Errorf("%s has no port behind the \":\"", shown(s))
		}
	}
	d.Host = strings.ToLower(strings.Trim(strings.Trim(host, "[]"), "."))
	return d, checkHost(s, d.Host)
}

func checkHost(s, host string) error {
	if host == "" {
		return fmt.Errorf("%s holds no host", shown(s))
	}
	for _, r := range host {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune("-_.*:", r):
		default:
			return fmt.Errorf("%s cannot be a host: it holds %q", shown(s), r)
		}
	}
	if strings.Contains(host, "..") {
		return fmt.Errorf("%s cannot be a host: it has an empty label", shown(s))
	}
	return nil
}

// perlOnly says whether a pattern fails to parse only because it uses what
// Perl's expressions have and Go's do not.
func perlOnly(err error) bool {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case syntax.ErrInvalidPerlOp:
		return len(e.Expr) > 2 && strings.ContainsRune("=!<>#|(R&P", rune(e.Expr[2]))
	case syntax.ErrInvalidEscape:
		return len(e.Expr) > 1 && strings.ContainsRune("123456789ZGKRhHvVXNegkcu", rune(e.Expr[1]))
	case syntax.ErrInvalidRepeatOp:
		return strings.HasSuffix(e.Expr, "+") && e.Expr != "**"
	case syntax.ErrInvalidRepeatSize, syntax.ErrLarge:
		return true
	}
	return false
}
