package msturn

import (
	"encoding/binary"
	"fmt"
	"time"

	"rehearse/proxy/wire"
)

// Lifetime is how long an allocation lasts, in seconds. In a request 0 gives the
// allocation up ([MS-TURN] 2.2.2, Lifetime).
type Lifetime uint32

// Number is 0x000d.
func (Lifetime) Number() uint16 { return 0x000d }

// Name is the attribute's name.
func (Lifetime) Name() string { return "Lifetime" }

// Duration is the lifetime as a duration.
func (l Lifetime) Duration() time.Duration { return time.Duration(l) * time.Second }

func (l Lifetime) String() string { return fmt.Sprintf("%d s", uint32(l)) }

func (l Lifetime) appendValue(dst []byte, _ TransactionID) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(l))
}

func parseLifetime(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	return parseUint32[Lifetime](value)
}
