package policy

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy/cpl"
)

// span is a range of numbers, both ends included. One whose low end is above its
// high end wraps: minute=45..15.
type span struct{ low, high uint64 }

func (s span) has(n uint64) bool {
	if s.low > s.high {
		return n >= s.low || n <= s.high
	}
	return s.low <= n && n <= s.high
}

// parseSpan reads N, I..J, I.., ..J; N may be 56k or 28.8k (thousands).
func parseSpan(s string) (span, bool) {
	low, high, isRange := strings.Cut(s, "..")
	if !isRange {
		n, ok := parseNumber(s)
		return span{n, n}, ok
	}
	r := span{0, math.MaxUint64}
	ok := low != "" || high != ""
	if low != "" && ok {
		r.low, ok = parseNumber(low)
	}
	if high != "" && ok {
		r.high, ok = parseNumber(high)
	}
	return r, ok
}

func parseNumber(s string) (uint64, bool) {
	digits, thousands := strings.CutSuffix(strings.ToLower(s), "k")
	n, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case err == nil && thousands:
		hi, lo := bits.Mul64(n, 1000)
		return lo, hi == 0
	case err == nil:
		return n, true
	case !thousands:
		return 0, false
	}
	f, err := strconv.ParseFloat(digits, 64)
	return uint64(math.Round(f * 1000)), err == nil && f >= 0 && f < 1e15
}

// numbers tests a number against spans.
func numbers(_ *compiler, _ *cpl.Condition) func([]cpl.Value) func(uint64) bool {
	return func(any []cpl.Value) func(uint64) bool {
		var spans []span
		for _, v := range any {
			if s, ok := parseSpan(strings.TrimSpace(v.Text)); ok {
				spans = append(spans, s)
			}
		}
		if len(spans) == 1 {
			return spans[0].has
		}
		return func(n uint64) bool {
			return slices.ContainsFunc(spans, func(s span) bool { return s.has(n) })
		}
	}
}

// booleans tests yes or no.
func booleans(_ *compiler, _ *cpl.Condition) func([]cpl.Value) func(bool) bool {
	return func(any []cpl.Value) func(bool) bool {
		var accepts [2]bool
		for _, v := range any {
			if b, ok := parseBoolean(v.Text); ok {
				accepts[side(b)] = true
			}
		}
		return func(b bool) bool { return accepts[side(b)] }
	}
}

func side(b bool) int {
	if b {
		return 1
	}
	return 0
}
