package tlshello

import (
	"crypto/tls"
	"fmt"
	"slices"
)

// Numbers of the extensions that are read (IANA, TLS ExtensionType Values).
const (
	extServerName          = 0
	extStatusRequest       = 5
	extSupportedGroups     = 10
	extPointFormats        = 11
	extSignatureAlgorithms = 13
	extALPN                = 16
	extSupportedVersions   = 43
	extKeyShare            = 51
)

// extensions reads the extensions, which a hello may end without, and gives their
// numbers in order; each value goes to read, which need not read it. One that
// comes twice is an error: two readers might believe different ones.
func extensions(r *reader, read func(number uint16, value *reader)) []uint16 {
	if !r.more() {
		return nil
	}
	in := r.vector("extensions", 2)
	r.join(in)
	r.end("extensions")
	var numbers []uint16
	for in.more() && r.err == nil {
		number := in.u16("extension type")
		if slices.Contains(numbers, number) {
			in.fail("extension type", fmt.Sprintf("%d twice", number), "each extension once")
		}
		numbers = append(numbers, number)
		value := in.vector(fmt.Sprintf("extension %d", number), 2)
		read(number, value)
		in.join(value)
	}
	if r.err == nil {
		r.join(in)
	}
	return numbers
}

// extension takes over what a client's extension says.
func (h *ClientHello) extension(number uint16, r *reader) {
	switch number {
	case extServerName:
		h.ServerName = serverName(r)
	case extStatusRequest:
		h.StatusRequest = true
	case extSupportedGroups:
		h.Groups = groups(r.u16s("supported groups", 2))
	case extPointFormats:
		formats := r.vector("point formats", 1)
		h.PointFormats = formats.rest
		r.join(formats)
	case extSignatureAlgorithms:
		for _, s := range r.u16s("signature algorithms", 2) {
			h.SignatureSchemes = append(h.SignatureSchemes, tls.SignatureScheme(s))
		}
	case extALPN:
		h.ALPN = protocols(r)
	case extSupportedVersions:
		h.Versions = r.u16s("supported versions", 1)
	case extKeyShare:
		h.KeyShares = keyShares(r)
	}
}

// serverName reads the one host name of a server name list (RFC 6066 3).
func serverName(r *reader) string {
	var name string
	list := r.vector("server names", 2)
	for list.more() {
		kind := list.u8("server name type")
		in := list.vector("server name", 2)
		list.join(in)
		if kind != 0 || in.err != nil || name != "" {
			continue
		}
		if i := slices.IndexFunc(in.rest, func(b byte) bool { return b <= ' ' || b >= 0x7f }); i >= 0 {
			list.fail("server name", fmt.Sprintf("%q", in.rest), "printable ASCII")
		}
		name = string(in.rest)
	}
	r.join(list)
	return name
}

// protocols reads a list of ALPN protocol names (RFC 7301 3.1).
func protocols(r *reader) []string {
	var names []string
	list := r.vector("ALPN protocols", 2)
	for list.more() {
		in := list.vector("ALPN protocol", 1)
		list.join(in)
		names = append(names, string(in.rest))
	}
	r.join(list)
	return names
}

// keyShares reads the groups of a client's key shares (RFC 8446 4.2.8).
func keyShares(r *reader) []tls.CurveID {
	var shares []tls.CurveID
	list := r.vector("key shares", 2)
	for list.more() {
		shares = append(shares, tls.CurveID(list.u16("key share group")))
		list.join(list.vector("key share", 2))
	}
	r.join(list)
	return shares
}

func groups(numbers []uint16) []tls.CurveID {
	out := make([]tls.CurveID, len(numbers))
	for i, n := range numbers {
		out[i] = tls.CurveID(n)
	}
	return out
}
