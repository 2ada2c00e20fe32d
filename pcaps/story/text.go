package story

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"

	"rehearse/proxy/wire"
)

// printable is text from the wire without what would move a terminal's cursor.
func printable(b []byte) string {
	const most = 4 << 10
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(string(b[:min(len(b), most)]), "\ufffd"))
}

// maxLine is the longest first line of a message.
const maxLine = 8 << 10

// firstLine is what stands before the first line's end; false where there is none.
func firstLine(b []byte) ([]byte, bool) {
	line, _, found := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), found
}

// head is the first line and the header fields of a message of HTTP or SIP.
type head struct {
	first  string
	clean  bool        // first has no control characters
	fields [][2]string // names in lower case
}

const maxFields = 256

// readHead takes apart what stands before the empty line. Lines that are no fields
// are passed over.
func readHead(b []byte) head {
	line, _ := firstLine(b)
	h := head{first: printable(line), clean: bytes.IndexFunc(line, unicode.IsControl) < 0}
	_, b, _ = bytes.Cut(b, []byte("\n"))
	for len(b) > 0 && len(h.fields) < maxFields {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		name, value, found := bytes.Cut(line, []byte(":"))
		switch {
		case len(line) > 0 && (line[0] == ' ' || line[0] == '\t') && len(h.fields) > 0:
			h.fields[len(h.fields)-1][1] += " " + strings.TrimSpace(printable(line)) // folded
		case found:
			h.fields = append(h.fields, [2]string{strings.ToLower(strings.TrimSpace(printable(name))), strings.TrimSpace(printable(value))})
		}
	}
	return h
}

// value is the first value among fields of these names, "" where there is none.
func (h head) value(names ...string) string {
	for _, f := range h.fields {
		for _, n := range names {
			if f[0] == n {
				return f[1]
			}
		}
	}
	return ""
}

// length is the message's Content-Length; false where there is none, or no number.
func (h head) length(names ...string) (int64, bool) {
	n, err := strconv.ParseInt(h.value(names...), 10, 64)
	return n, err == nil && n >= 0
}

// isToken says whether b is a token (RFC 9110 5.6.2) of bearable length.
func isToken(b []byte) bool {
	if len(b) == 0 || len(b) > 32 {
		return false
	}
	for _, c := range b {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// startsRequest recognises "METHOD target VERSION" by the whole of it, so that text
// of other protocols is not taken for it.
func startsRequest(b []byte, version string) wire.Verdict {
	method, _, ok := bytes.Cut(b, []byte(" "))
	switch {
	case !ok && (len(b) == 0 || isToken(b)):
		return wire.Maybe
	case !ok || !isToken(method):
		return wire.No
	}
	line, whole := firstLine(b)
	switch i := bytes.LastIndexByte(line, ' '); {
	case !whole && len(b) <= maxLine:
		return wire.Maybe
	case whole && i > len(method) && bytes.HasPrefix(line[i+1:], []byte(version)):
		return wire.Yes
	}
	return wire.No
}
