package msturn_test

import (
	"encoding/hex"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/msturn"
)

// fromHex reads hex with blanks anywhere. Only constants are read, so what is
// no hex is a mistake in the spec, and shows as a value that is too short.
func fromHex(text string) []byte {
	b, _ := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	return b
}

// around is a whole Allocate request with one attribute of that value. Its
// transaction id is that of the captured answers.
func around(number uint16, value []byte) []byte {
	body := append([]byte(msturn.Cookie), byte(number>>8), byte(number), byte(len(value)>>8), byte(len(value)))
	body = append(body, value...)
	head := append([]byte{0x00, 0x03, byte(len(body) >> 8), byte(len(body))}, fromHex("2112a442b2343f6e67f41d58acba639f")...)
	return append(head, body...)
}

// holds says that a value on the wire is this attribute, and this text, and that
// the attribute is written as that value.
func holds(number uint16, value string, want msturn.Attribute, text string) {
	It(fmt.Sprintf("reads and writes %.24s", value), func() {
		whole := around(number, fromHex(value))
		m, err := msturn.Parse(whole)
		Expect(err).NotTo(HaveOccurred())
		Expect(m.Attributes).To(Equal([]msturn.Attribute{want}))
		Expect(m.Attributes[0].Number()).To(Equal(number))
		Expect(m.Attributes[0].Name() + " " + m.Attributes[0].String()).To(Equal(text))
		written := msturn.Message{Type: m.Type, TransactionID: m.TransactionID, Attributes: []msturn.Attribute{want}}
		Expect(written.Bytes()).To(Equal(whole))
	})
}

// refuses says that a value on the wire is an error, and which.
func refuses(number uint16, value, because string) {
	It(fmt.Sprintf("refuses %.24q", value), func() {
		_, err := msturn.Parse(around(number, fromHex(value)))
		Expect(err).To(MatchError("MS-TURN Allocate request: " + because))
	})
}

var _ = Describe("an attribute of no known kind", func() {
	holds(0x8006, "00000001", msturn.Unknown{Type: 0x8006, Value: []byte{0, 0, 0, 1}}, "attribute 0x8006 (4 bytes)")

	It("is mandatory below 0x8000", func() {
		Expect(msturn.Unknown{Type: 0x7fff}.Mandatory()).To(BeTrue())
		Expect(msturn.Unknown{Type: 0x8000}.Mandatory()).To(BeFalse())
	})
})

var _ = Describe("the list of attributes", func() {
	It("refuses one that is longer than the message", func() {
		b := around(0x0013, []byte("abc"))
		b[31] = 4
		_, err := msturn.Parse(b)
		Expect(err).To(MatchError("MS-TURN Allocate request: length of attribute 0x0013 at byte 30: got 4, want at most 3"))
	})

	It("refuses a header that is cut short", func() {
		b := append(around(0x0013, nil), 0, 1, 0)
		b[3] += 3
		_, err := msturn.Parse(b)
		Expect(err).To(MatchError("MS-TURN Allocate request: attribute header at byte 32: got 3 bytes, want 4 bytes"))
	})
})
