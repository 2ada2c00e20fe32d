package scrub

import (
	"net/netip"
	"regexp"
	"strings"
)

// renamer gives names and addresses others of the same length.
type renamer struct {
	labels map[string]string
	given  map[string]bool // what labels has given
	blobs  map[string][]byte
	count  map[int]int // labels given, by length
	noise  uint64
}

func newRenamer() *renamer {
	return &renamer{labels: map[string]string{}, given: map[string]bool{}, blobs: map[string][]byte{}, count: map[int]int{}, noise: 0x9e3779b97f4a7c15}
}

// kept are words that say what something is, not whose.
var kept = wordSet(`com net org edu gov int test local corp lan invalid example arpa de uk fr us eu io
	www sip sips sipdir sipexternal sipinternal sipinternaltls _sip _sips _sipinternaltls _sipfederationtls _tls _tcp _udp
	lyncdiscover lyncdiscoverinternal lync webdir webdir0f meet dialin online avedge edge pki ocsp crl status cert certs
	ca root issuing intermediate authority certificate certificates tls ssl server public policy
	http https get post head put options connect register invite ack bye subscribe notify benotify service message cancel
	host content length type encoding transfer chunked connection close keep alive accept user agent date expires
	application text html xml json pkix octet stream request response response_type max age no cache`)

func wordSet(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// label is another word of the same length. Numbers and what is kept stay.
func (r *renamer) label(word string) string {
	low := strings.ToLower(word)
	if kept[low] || len(low) < 2 || strings.Trim(low, "0123456789-_") == "" {
		return word
	}
	if other, ok := r.labels[low]; ok {
		return other
	}
	r.count[len(low)]++
	b := make([]byte, len(low))
	n := r.count[len(low)]
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = 'a' + byte(n%26)
		n /= 26
	}
	b[0] = 'x' // no label begins so by chance
	r.labels[low] = string(b)
	r.given[string(b)] = true
	return r.labels[low]
}

var (
	hostPattern = regexp.MustCompile(`(?i)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+`)
	userPattern = regexp.MustCompile(`(?i)([a-z0-9._-]+)(@|%40)[a-z0-9-]+\.`)
	longPattern = regexp.MustCompile(`[A-Za-z0-9+=%]{40,}`)
	wordPattern = regexp.MustCompile(`[A-Za-z0-9_]+`)
)

// text renames hosts, users and addresses in a text, in place.
func (r *renamer) text(b []byte) {
	for _, m := range longPattern.FindAllIndex(b, -1) {
		r.encoded(b[m[0]:m[1]]) // a question to a responder, a ticket
	}
	for _, m := range userPattern.FindAllSubmatchIndex(b, -1) {
		r.words(b[unescaped(b, m[2], m[3]):m[3]])
	}
	for _, m := range hostPattern.FindAllIndex(b, -1) {
		part := b[unescaped(b, m[0], m[1]):m[1]]
		if addr, err := netip.ParseAddr(string(part)); err == nil {
			copy(part, r.addr(addr).String())
			continue
		}
		if strings.Trim(string(part), "0123456789.") != "" {
			r.words(part)
		}
	}
}

// unescaped is where a word begins that a percent-encoded character may stand before.
func unescaped(b []byte, from, to int) int {
	if from > 0 && b[from-1] == '%' {
		return min(from+2, to)
	}
	return from
}

// words renames every word of a text.
func (r *renamer) words(b []byte) {
	for _, m := range wordPattern.FindAllIndex(b, -1) {
		copy(b[m[0]:m[1]], r.label(string(b[m[0]:m[1]])))
	}
}

func (*renamer) same(b []byte, c byte) {
	for i := range b {
		b[i] = c
	}
}

// addr is another address whose text is as long; private ones stay private.
func (r *renamer) addr(a netip.Addr) netip.Addr {
	if !a.Is4() {
		b := a.As16()
		if !a.IsLoopback() && !a.IsMulticast() && !a.IsUnspecified() {
			copy(b[4:], r.blob(b[4:]))
		}
		return netip.AddrFrom16(b)
	}
	if a.IsLoopback() || a.IsMulticast() || a.IsUnspecified() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return a
	}
	b := a.As4()
	first := 0
	switch {
	case b[0] == 192 && b[1] == 168, b[0] == 172 && b[1]&0xf0 == 16, b[0] == 169 && b[1] == 254:
		first = 2
	case b[0] == 10:
		first = 1
	}
	prefix := string(b[:first])
	for i := first; i < 4; i++ {
		next := r.octet(prefix, b[i], i == 0)
		prefix += string(b[i : i+1])
		b[i] = next
	}
	return netip.AddrFrom4(b)
}

// octet is another number with as many digits, for one prefix always the same.
func (r *renamer) octet(prefix string, v byte, first bool) byte {
	low, size := byte(0), byte(10)
	switch {
	case v >= 200:
		low, size = 200, 54
	case v >= 100:
		low, size = 100, 100
	case v >= 10:
		low, size = 10, 90
	}
	if first || v == 0 || v == 255 {
		return v // networks' numbers say little, and public ones stay public
	}
	turn := byte(13)
	for _, c := range []byte(prefix) {
		turn = turn*31 + c + 7
	}
	return low + (v-low+turn%size)%size
}

// blob is other bytes for the same bytes, always the same.
func (r *renamer) blob(b []byte) []byte {
	if other, ok := r.blobs[string(b)]; ok {
		return other
	}
	other := make([]byte, len(b))
	r.fill(other)
	r.blobs[string(b)] = other
	return other
}

// fill overwrites with bytes that mean nothing.
func (r *renamer) fill(b []byte) {
	for i := range b {
		r.noise ^= r.noise << 13
		r.noise ^= r.noise >> 7
		r.noise ^= r.noise << 17
		b[i] = byte(r.noise >> 32)
	}
}
