package msturn

import (
	"strconv"

	"rehearse/proxy/wire"
)

// Software names the sender, a version such as "2.0.1.211". It is not in the list
// of [MS-TURN]; the number is the one RFC 5389 took over.
type Software string

// Number is 0x8022.
func (Software) Number() uint16 { return 0x8022 }

// Name is the attribute's name.
func (Software) Name() string { return "Software" }

func (s Software) String() string { return strconv.Quote(string(s)) }

func (s Software) appendValue(dst []byte, _ TransactionID) []byte { return append(dst, s...) }

func parseSoftware(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	return Software(value), nil
}
