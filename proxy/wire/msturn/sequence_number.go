package msturn

import (
	"encoding/binary"
	"fmt"

	"rehearse/proxy/wire"
)

// SequenceNumber keeps the requests on one allocation in order. The server gives
// out the connection id and the number; each later request carries the number
// plus one ([MS-TURN] 2.2.2, MS-Sequence Number).
type SequenceNumber struct {
	Connection [20]byte
	Sequence   uint32
	// Bare means that the connection id is left out, four bytes in all: what a
	// Teams client sends when it gives an allocation up.
	Bare bool
}

// Number is 0x8050.
func (SequenceNumber) Number() uint16 { return 0x8050 }

// Name is the attribute's name.
func (SequenceNumber) Name() string { return "MS-Sequence Number" }

func (s SequenceNumber) String() string { return fmt.Sprint(s.Sequence) }

func (s SequenceNumber) appendValue(dst []byte, _ TransactionID) []byte {
	if !s.Bare {
		dst = append(dst, s.Connection[:]...)
	}
	return binary.BigEndian.AppendUint32(dst, s.Sequence)
}

func parseSequenceNumber(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	switch len(value) {
	case 4:
		return SequenceNumber{Sequence: binary.BigEndian.Uint32(value), Bare: true}, nil
	case 24:
		return SequenceNumber{Connection: [20]byte(value), Sequence: binary.BigEndian.Uint32(value[20:])}, nil
	}
	return nil, bad("MS-Sequence Number", 0, wire.Bytes(len(value)), "24 or 4 bytes")
}
