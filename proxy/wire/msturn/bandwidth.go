package msturn

import (
	"encoding/binary"
	"fmt"

	"rehearse/proxy/wire"
)

// Bandwidth is the peak rate of the flow in kbit/s ([MS-TURN] 2.2.2, Bandwidth).
type Bandwidth uint32

// Number is 0x0010.
func (Bandwidth) Number() uint16 { return 0x0010 }

// Name is the attribute's name.
func (Bandwidth) Name() string { return "Bandwidth" }

func (b Bandwidth) String() string { return fmt.Sprintf("%d kbit/s", uint32(b)) }

func (b Bandwidth) appendValue(dst []byte, _ TransactionID) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(b))
}

func parseBandwidth(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	return parseUint32[Bandwidth](value)
}
