package tlshello

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// JA3 is the MD5 of what a client offers, in its order, in hexadecimal
// (github.com/salesforce/ja3). Clients that shuffle their extensions have many.
func (h *ClientHello) JA3() string {
	var formats []uint16
	for _, f := range h.PointFormats {
		formats = append(formats, uint16(f))
	}
	var groups []uint16
	for _, g := range h.Groups {
		groups = append(groups, uint16(g))
	}
	text := strings.Join([]string{
		strconv.Itoa(int(h.Version)), decimals(h.CipherSuites), decimals(h.Extensions), decimals(groups), decimals(formats),
	}, ",")
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// decimals joins numbers with dashes, GREASE left out.
func decimals(numbers []uint16) string {
	var parts []string
	for _, n := range numbers {
		if !IsGREASE(n) {
			parts = append(parts, strconv.Itoa(int(n)))
		}
	}
	return strings.Join(parts, "-")
}

// JA4 is the fingerprint of a client over TCP that does not depend on the order of
// its suites and extensions (github.com/FoxIO-LLC/ja4, technical_details/JA4.md).
func (h *ClientHello) JA4() string {
	suites, extensions := plain(h.CipherSuites), plain(h.Extensions)
	destination := "i"
	if slices.Contains(h.Extensions, extServerName) {
		destination = "d"
	}
	hashed := slices.DeleteFunc(slices.Clone(extensions), func(n uint16) bool { return n == extServerName || n == extALPN })
	slices.Sort(suites)
	slices.Sort(hashed)
	tail := hexadecimals(hashed)
	if len(h.SignatureSchemes) > 0 {
		var schemes []uint16
		for _, s := range h.SignatureSchemes {
			schemes = append(schemes, uint16(s))
		}
		tail += "_" + hexadecimals(plain(schemes))
	}
	return fmt.Sprintf("t%s%s%02d%02d%s_%s_%s", h.ja4Version(), destination, min(len(suites), 99), min(len(extensions), 99),
		h.ja4ALPN(), truncated(hexadecimals(suites)), truncated(tail))
}

func plain(numbers []uint16) []uint16 {
	return slices.DeleteFunc(slices.Clone(numbers), IsGREASE)
}

func hexadecimals(numbers []uint16) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = fmt.Sprintf("%04x", n)
	}
	return strings.Join(parts, ",")
}

// truncated is the start of the SHA-256 of a list, zeros for an empty one.
func truncated(list string) string {
	if list == "" {
		return "000000000000"
	}
	sum := sha256.Sum256([]byte(list))
	return hex.EncodeToString(sum[:6])
}

// ja4Version is the highest version on offer in two characters.
func (h *ClientHello) ja4Version() string {
	var best uint16
	for _, v := range h.Versions {
		if !IsGREASE(v) {
			best = max(best, v)
		}
	}
	switch best {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	case 0x0300:
		return "s3"
	case 0x0002:
		return "s2"
	}
	return "00"
}

// ja4ALPN is the first and last character of the first protocol, or of its
// hexadecimal form where they are not letters or digits.
func (h *ClientHello) ja4ALPN() string {
	if len(h.ALPN) == 0 || h.ALPN[0] == "" {
		return "00"
	}
	name := h.ALPN[0]
	first, last := name[0], name[len(name)-1]
	if !alphanumeric(first) || !alphanumeric(last) {
		return hex.EncodeToString([]byte{first})[:1] + hex.EncodeToString([]byte{last})[1:]
	}
	return string([]byte{first, last})
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
