package msturn

import (
	"fmt"

	"rehearse/proxy/wire"
)

// Data is what is relayed ([MS-TURN] 2.2.2, Data).
type Data []byte

// Number is 0x0013.
func (Data) Number() uint16 { return 0x0013 }

// Name is the attribute's name.
func (Data) Name() string { return "Data" }

func (d Data) String() string { return fmt.Sprintf("(%d bytes)", len(d)) }

func (d Data) appendValue(dst []byte, _ TransactionID) []byte { return append(dst, d...) }

func parseData(value []byte, _ TransactionID) (Attribute, *wire.Error) { return Data(value), nil }
