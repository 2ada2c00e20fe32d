package msturn

import (
	"strconv"

	"rehearse/proxy/wire"
)

// AlternateHostName is the name of another server
// ([MS-TURN] 2.2.2, MS-Alternate Host Name).
type AlternateHostName string

// Number is 0x8032.
func (AlternateHostName) Number() uint16 { return 0x8032 }

// Name is the attribute's name.
func (AlternateHostName) Name() string { return "MS-Alternate Host Name" }

func (n AlternateHostName) String() string { return strconv.Quote(string(n)) }

func (n AlternateHostName) appendValue(dst []byte, _ TransactionID) []byte { return append(dst, n...) }

func parseAlternateHostName(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	return AlternateHostName(value), nil
}
