package capture

import (
	"bytes"
	"strings"
)

// optComment is the option that every block can have.
const optComment = 1

// options reads the options that begin at an offset of the body and hands each on.
// A broken one ends them: nothing that matters stands in options.
func (b *block) options(at int, found func(code uint16, value []byte)) {
	for at+4 <= len(b.body) {
		code, size := b.order.Uint16(b.body[at:]), int(b.order.Uint16(b.body[at+2:]))
		at += 4
		if code == 0 || at+size > len(b.body) {
			return
		}
		found(code, b.body[at:at+size])
		at += (size + 3) &^ 3
	}
}

// text is an option's value as a string: some writers end it with a zero.
func text(value []byte) string {
	value, _, _ = bytes.Cut(value[:min(len(value), maxText)], []byte{0})
	return strings.ToValidUTF8(string(value), "\ufffd")
}

// comment keeps a comment that belongs to no packet.
func (a *About) comment(code uint16, value []byte) {
	if code == optComment && len(a.Comments) < maxComments {
		a.Comments = append(a.Comments, text(value))
	}
}
