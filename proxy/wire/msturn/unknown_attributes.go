package msturn

import (
	"encoding/binary"
	"fmt"
	"strings"

	"rehearse/proxy/wire"
)

// UnknownAttributes are the numbers of the mandatory attributes that the server
// did not know, beside error 420 ([MS-TURN] 2.2.2, Unknown Attributes).
type UnknownAttributes []uint16

// Number is 0x000a.
func (UnknownAttributes) Number() uint16 { return 0x000a }

// Name is the attribute's name.
func (UnknownAttributes) Name() string { return "Unknown Attributes" }

func (u UnknownAttributes) String() string {
	words := make([]string, len(u))
	for i, n := range u {
		words[i] = fmt.Sprintf("%#04x", n)
	}
	return strings.Join(words, " ")
}

func (u UnknownAttributes) appendValue(dst []byte, _ TransactionID) []byte {
	for _, n := range u {
		dst = binary.BigEndian.AppendUint16(dst, n)
	}
	return dst
}

func parseUnknownAttributes(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	if len(value)%2 != 0 {
		return nil, bad("Unknown Attributes", 0, wire.Bytes(len(value)), "an even number of bytes")
	}
	u := make(UnknownAttributes, len(value)/2)
	for i := range u {
		u[i] = binary.BigEndian.Uint16(value[2*i:])
	}
	return u, nil
}
